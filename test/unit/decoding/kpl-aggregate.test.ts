import { describe, expect, test } from 'vitest';
import { isAggregate, openAggregate } from '../../../lib/decoding/kpl-aggregate.ts';
import {
  bytesField,
  encodeAggregate,
  KPL_MAGIC,
  sealMessage,
  varint,
  varintField,
} from '../../support/kpl.ts';

const open = (bytes: Buffer) => openAggregate(bytes, { start: 0, end: bytes.byteLength });
const key = bytesField(1, Buffer.from('ada'));
const record = (...fields: Buffer[]) => bytesField(3, Buffer.concat(fields));
const data = bytesField(3, Buffer.from('{}'));

test('an aggregate opens to its records in order', () => {
  const aggregate = encodeAggregate([
    { partitionKey: 'ada', data: 'one' },
    { partitionKey: 'bob', explicitHashKey: '0', data: '' },
    {
      partitionKey: 'ada',
      explicitHashKey: '340282366920938463463374607431768211455',
      data: 'three',
    },
  ]);
  const opened = open(aggregate);
  expect(opened.kind).toBe('opened');
  const records = opened.kind === 'opened' ? opened.records : [];
  expect(records.map(({ start, end }) => aggregate.toString('utf8', start, end))).toEqual([
    'one',
    '',
    'three',
  ]);
});

test('the bytes of a published aggregate open as documented', () => {
  // One record of key 'a' and data 'b', laid out by hand from the format's description.
  const message = Buffer.from('0a01611a050800' + '1a0162', 'hex');
  const opened = open(sealMessage(message));
  expect(opened).toMatchObject({
    kind: 'opened',
    records: [{ start: 4 + 10 - 1, end: 4 + 10 }],
  });
});

test('tables may stand behind the records, and unknown fields and tags are skipped', () => {
  const tag = bytesField(4, Buffer.concat([bytesField(1, Buffer.from('k'))]));
  const message = Buffer.concat([
    record(data, varintField(1, 0), tag, varintField(9, -1n)),
    varintField(15, 2n ** 64n - 1n),
    Buffer.concat([varint(16 * 8 + 1), Buffer.alloc(8)]),
    Buffer.concat([varint(17 * 8 + 5), Buffer.alloc(4)]),
    key,
  ]);
  const opened = open(sealMessage(message));
  expect(opened.kind === 'opened' && opened.records).toHaveLength(1);
});

test('only the four magic bytes make an aggregate', () => {
  const whole = { start: 0, end: 4 };
  expect(isAggregate(KPL_MAGIC, whole)).toBe(true);
  expect(isAggregate(KPL_MAGIC, { start: 0, end: 3 })).toBe(false);
  for (const place of [0, 1, 2, 3]) {
    const bytes = Buffer.from(KPL_MAGIC);
    bytes[place]! ^= 1;
    expect(isAggregate(bytes, whole)).toBe(false);
  }
});

describe('a record that begins like an aggregate and is none is malformed as a whole', () => {
  const cases: Record<string, [Buffer, RegExp]> = {
    'only the magic': [KPL_MAGIC, /too short/],
    'no room for a checksum': [Buffer.concat([KPL_MAGIC, Buffer.alloc(15)]), /too short/],
    'a checksum of other bytes': [Buffer.concat([KPL_MAGIC, Buffer.alloc(16)]), /checksum/],
    'no record': [sealMessage(Buffer.alloc(0)), /no record/],
    'keys without a record': [sealMessage(key), /no record/],
    'a length beyond the end': [sealMessage(Buffer.from([0x1a, 0x7f, 0x00])), /contradicts/],
    'a huge length': [
      sealMessage(Buffer.concat([Buffer.from([0x1a]), varint(2n ** 63n)])),
      /contradicts/,
    ],
    'a negative length': [
      sealMessage(Buffer.concat([Buffer.from([0x1a]), varint(-1n)])),
      /contradicts/,
    ],
    'a varint without an end': [sealMessage(Buffer.alloc(12, 0xff)), /contradicts/],
    'a cut varint': [sealMessage(Buffer.concat([key, Buffer.from([0x80])])), /contradicts/],
    'field number zero': [sealMessage(Buffer.from([0x02, 0x00])), /contradicts/],
    'a group': [sealMessage(Buffer.from([0x0b, 0x0c])), /contradicts/],
    'a cut fixed field': [
      sealMessage(Buffer.concat([key, Buffer.from([0x7d, 0, 0])])),
      /contradicts/,
    ],
    'a record that is a number': [
      sealMessage(Buffer.concat([key, varintField(3, 7)])),
      /contradicts/,
    ],
    'data that is a number': [
      sealMessage(Buffer.concat([key, record(varintField(1, 0), varintField(3, 7))])),
      /contradicts/,
    ],
    'a record without data': [
      sealMessage(Buffer.concat([key, record(varintField(1, 0))])),
      /contradicts/,
    ],
    'a record without a key': [sealMessage(Buffer.concat([key, record(data)])), /contradicts/],
    'an inner length beyond its record': [
      sealMessage(Buffer.concat([key, record(varintField(1, 0), Buffer.from([0x1a, 0x09, 0x7b]))])),
      /contradicts/,
    ],
    'a key index out of range': [
      sealMessage(Buffer.concat([key, record(varintField(1, 1), data)])),
      /names a key/,
    ],
    'a huge key index': [
      sealMessage(Buffer.concat([key, record(varintField(1, 2n ** 63n), data)])),
      /names a key/,
    ],
    'an explicit hash key index out of range': [
      sealMessage(Buffer.concat([key, record(varintField(1, 0), varintField(2, 0), data)])),
      /names a key/,
    ],
    'an explicit hash key that is not UTF-8': [
      sealMessage(
        Buffer.concat([key, bytesField(2, Buffer.from([0xff])), record(varintField(1, 0), data)]),
      ),
      /contradicts/,
    ],
    'a key that is not UTF-8': [
      sealMessage(
        Buffer.concat([bytesField(1, Buffer.from([0xff])), record(varintField(1, 0), data)]),
      ),
      /contradicts/,
    ],
    'an aggregate inside of an aggregate': [
      encodeAggregate([
        { partitionKey: 'a', data: '{}' },
        { partitionKey: 'a', data: encodeAggregate([{ partitionKey: 'b', data: '{}' }]) },
      ]),
      /packed again/,
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [bytes, cause]) => {
    const opened = open(bytes);
    expect(opened.kind).toBe('malformed');
    expect(opened.kind === 'malformed' && opened.detail).toMatch(cause);
  });
});
