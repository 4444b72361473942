import { describe, expect, test } from 'vitest';
import { decodeBatch } from '../../../lib/decoding/decode-batch.ts';
import { joinBatches } from '../../../lib/decoding/joined-batch.ts';
import { aRecord, positionAt, someRecords } from '../../support/records.ts';

const parts = [
  decodeBatch(someRecords(['{"a":0}', '{"a":1}', '{"a":2}']), positionAt(0)),
  decodeBatch(someRecords(['{"a":3}']), positionAt(9)),
  decodeBatch([aRecord('not json', 7), aRecord('{"a":8}', 8)], null),
];
const joined = joinBatches(parts);
const indices = [0, 1, 2, 3];

test('one batch is itself', () => {
  expect(joinBatches([parts[0]!])).toBe(parts[0]);
});

describe('joined batches', () => {
  test('have the entries of their parts in order, and all their duplicates', () => {
    expect([joined.count, joined.duplicateCount]).toEqual([4, 2]);
    expect(indices.map((index) => joined.positionOf(index))).toEqual(
      [1, 2, 7, 8].map((at) => positionAt(at)),
    );
    expect(joined.sequenceNumbers).toEqual(
      indices.map((index) => joined.positionOf(index).sequenceNumber),
    );
    expect([...joined.arrivedAtMs]).toEqual([1, 2, 7, 8].map((ms) => 1_700_000_000_000 + ms));
    expect([...joined.subSequenceNumbers]).toEqual([0, 0, 0, 0]);
  });

  test('give events, faults and bytes of each entry', () => {
    expect(indices.map((index) => joined.event(index))).toEqual([
      { a: 1 },
      { a: 2 },
      undefined,
      { a: 8 },
    ]);
    expect(indices.map((index) => joined.rejectOf(index)?.reason)).toEqual([
      undefined,
      undefined,
      'not-json',
      undefined,
    ]);
    expect(indices.map((index) => joined.byteLengthOf(index))).toEqual([7, 7, 8, 7]);
    expect(Buffer.from(joined.bytesOf(2)).toString()).toBe('not json');
  });

  test('have one text of all bytes, divided alike within parts and between them', () => {
    const texts = ['{"a":1}', '{"a":2}', 'not json', '{"a":8}'];
    for (let from = 0; from <= 4; from += 1) {
      for (let to = from; to <= 4; to += 1) {
        const text = Buffer.from(joined.slabRange(from, to)).toString();
        expect(text).toBe(texts.slice(from, to).join(',\n'));
      }
    }
  });
});
