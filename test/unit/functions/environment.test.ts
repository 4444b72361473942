import { describe, expect, test } from 'vitest';
import { parseSinkTargets } from '../../../functions/environment.ts';

describe('the places of sinks', () => {
  test('are read as the construct wrote them', () => {
    const targets = {
      'dead-letters': { kind: 's3', bucketName: 'rows', prefix: 'dead-letters/' },
      delays: { kind: 'dynamodb', tableName: 'delays' },
    };
    expect(parseSinkTargets(JSON.stringify(targets))).toEqual(targets);
  });

  test.each([
    '',
    'null',
    '[]',
    '{"delays":null}',
    '{"delays":{"kind":"dynamodb"}}',
    '{"rows":{"kind":"s3","bucketName":"rows"}}',
    '{"rows":{"kind":"queue","bucketName":"rows","prefix":""}}',
  ])('%s is refused with what to do', (text) => {
    expect(() => parseSinkTargets(text)).toThrow(/RIVULET_SINK_TARGETS .* deploy the stack again/);
  });
});
