import { expect, test } from 'vitest';
import { encodeDeadLetter } from '../../../lib/decoding/dead-letter.ts';

test('a dead letter is one line with the original bytes and where they came from', () => {
  const line = encodeDeadLetter({
    reason: 'not-json',
    detail: 'the record is not one JSON value',
    data: Buffer.from('xx{"a":\n\xff', 'latin1').subarray(2),
    shardId: 'shardId-000000000001',
    sequenceNumber: '49600000000000000000000000000000000000000000000000000042',
    subSequenceNumber: 3,
    arrivedAtMs: 1_700_000_000_007,
  });
  expect(line).not.toContain('\n');
  expect(JSON.parse(line)).toEqual({
    reason: 'not-json',
    detail: 'the record is not one JSON value',
    data: Buffer.from('{"a":\n\xff', 'latin1').toString('base64'),
    shardId: 'shardId-000000000001',
    sequenceNumber: '49600000000000000000000000000000000000000000000000000042',
    subSequenceNumber: 3,
    arrivedAt: '2023-11-14T22:13:20.007Z',
  });
});
