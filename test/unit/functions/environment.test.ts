import { describe, expect, test } from 'vitest';
import {
  parseSinkTargets,
  parseStreamArns,
  parseTablePlaces,
} from '../../../functions/environment.ts';

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

describe('streams and tables of a deployment', () => {
  test('are read back as they were written', () => {
    const arns = { calls: 'arn:aws:kinesis:us-east-1:1:stream/a', web: 'arn:b' };
    expect([...parseStreamArns(JSON.stringify(arns))]).toEqual(Object.entries(arns));
    const places = {
      plans: { kind: 's3', bucketName: 'b', key: 'k' },
      callers: { kind: 'dynamodb', tableName: 't' },
    };
    expect(parseTablePlaces(JSON.stringify(places))).toEqual(places);
  });

  test.each(['', '[]', 'null', '{"calls":1}'])('%j names no streams', (text) => {
    expect(() => parseStreamArns(text)).toThrow(/RIVULET_SOURCES does not say which streams/);
  });

  test.each(['', '[]', '{"a":1}', '{"a":{"kind":"s3","bucketName":"b"}}', '{"a":{"kind":"x"}}'])(
    '%j names no tables',
    (text) => {
      expect(() => parseTablePlaces(text)).toThrow(/RIVULET_STATIC_TABLES does not say where/);
    },
  );
});
