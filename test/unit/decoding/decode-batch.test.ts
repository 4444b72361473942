import { expect, test } from 'vitest';
import { decodeBatch } from '../../../lib/decoding/decode-batch.ts';
import { encodeAggregate } from '../../support/kpl.ts';
import { aRecord, positionAt, sequenceNumberAt, someRecords } from '../../support/records.ts';

const click = (user: string) => ({ partitionKey: user, data: JSON.stringify({ user }) });

test('plain records become one entry each, with position, arrival time and bytes', () => {
  const batch = decodeBatch(someRecords(['{"a":1}', '{"b":"two"}']), null);
  expect(batch.count).toBe(2);
  expect(batch.duplicateCount).toBe(0);
  expect([0, 1].map((index) => batch.event(index))).toEqual([{ a: 1 }, { b: 'two' }]);
  expect(batch.positionOf(1)).toEqual(positionAt(1));
  expect(batch.sequenceNumbers).toEqual([sequenceNumberAt(0), sequenceNumberAt(1)]);
  expect([...batch.subSequenceNumbers]).toEqual([0, 0]);
  expect([...batch.arrivedAtMs]).toEqual([1_700_000_000_000, 1_700_000_000_001]);
  expect(Buffer.from(batch.bytesOf(1)).toString()).toBe('{"b":"two"}');
  expect(batch.byteLengthOf(1)).toBe(11);
});

test('an arrival time with any fraction of milliseconds is the nearest millisecond', () => {
  const record = aRecord('{}', 0, { approximateArrivalTimestamp: 1_545_084_650.987 });
  expect(decodeBatch([record], null).arrivedAtMs[0]).toBe(1_545_084_650_987);
});

test('records at or below the committed position are duplicates, whatever their bytes are', () => {
  const batch = decodeBatch(someRecords(['{"a":1}', 'not json', '{"a":3}']), positionAt(1));
  expect(batch.duplicateCount).toBe(2);
  expect(batch.count).toBe(1);
  expect(batch.positionOf(0)).toEqual(positionAt(2));
  expect(batch.event(0)).toEqual({ a: 3 });
});

test('sequence numbers of different lengths are compared by value', () => {
  const records = [
    aRecord('{"a":1}', 0, { sequenceNumber: '99' }),
    aRecord('{"a":2}', 1, { sequenceNumber: '100' }),
  ];
  const committed = { ...positionAt(0), sequenceNumber: '99' as never };
  expect(decodeBatch(records, committed).event(0)).toEqual({ a: 2 });
});

test('a batch of duplicates only is empty', () => {
  const batch = decodeBatch(someRecords(['{"a":1}', '{"a":2}']), positionAt(5));
  expect(batch.count).toBe(0);
  expect(batch.duplicateCount).toBe(2);
  expect(batch.slabRange(0, 0).byteLength).toBe(0);
});

test('an aggregate becomes one entry per user record, with its own sub-sequence number', () => {
  const aggregate = encodeAggregate([click('ada'), { ...click('bob'), explicitHashKey: '77' }]);
  const batch = decodeBatch(
    [aRecord('{"plain":1}', 0), aRecord(aggregate, 1), aRecord('{}', 2)],
    null,
  );
  expect(batch.count).toBe(4);
  expect([0, 1, 2, 3].map((index) => batch.event(index))).toEqual([
    { plain: 1 },
    { user: 'ada' },
    { user: 'bob' },
    {},
  ]);
  expect([...batch.subSequenceNumbers]).toEqual([0, 0, 1, 0]);
  expect(batch.positionOf(2)).toEqual(positionAt(1, 1));
});

test('an aggregate that was committed in part goes on after the committed sub-record', () => {
  const aggregate = encodeAggregate(['a', 'b', 'c', 'd'].map(click));
  const batch = decodeBatch([aRecord(aggregate, 0)], positionAt(0, 1));
  expect(batch.duplicateCount).toBe(2);
  expect([...batch.subSequenceNumbers]).toEqual([2, 3]);
  expect(batch.event(0)).toEqual({ user: 'c' });
});

test('of an aggregate below the committed position each sub-record counts as a duplicate', () => {
  const aggregate = encodeAggregate(['a', 'b', 'c'].map(click));
  const records = [aRecord(aggregate, 0), aRecord(aggregate, 1), aRecord('{}', 2)];
  const batch = decodeBatch(records, positionAt(1, 2));
  expect(batch.duplicateCount).toBe(6);
  expect(batch.count).toBe(1);
});

test('a malformed aggregate is one record, as a duplicate too', () => {
  const aggregate = encodeAggregate(['a', 'b', 'c'].map(click));
  aggregate[aggregate.length - 1]! ^= 1;
  const records = [aRecord(aggregate, 0)];
  const batch = decodeBatch(records, null);
  expect(batch.count).toBe(1);
  expect(batch.event(0)).toBeUndefined();
  expect(batch.rejectOf(0)!.reason).toBe('kpl-malformed');
  expect(Buffer.from(batch.bytesOf(0)).equals(aggregate)).toBe(true);
  expect(decodeBatch(records, positionAt(0)).duplicateCount).toBe(1);
  expect(decodeBatch(records, positionAt(1)).duplicateCount).toBe(1);
});

test('the slab range of entries is their bytes with dividers between, however the batch was cut', () => {
  const aggregate = encodeAggregate([click('ada'), click('bob'), click('eve')]);
  const records = [aRecord('{"first":1}', 0), aRecord(aggregate, 1), aRecord('{"last":1}', 2)];
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  const whole = decodeBatch(records, null);
  expect(text(whole.slabRange(0, 2))).toBe('{"first":1},\n{"user":"ada"}');
  expect(text(whole.slabRange(1, 1))).toBe('');
  const rest = decodeBatch(records, positionAt(1, 0));
  expect(text(rest.slabRange(0, 3))).toBe(text(whole.slabRange(2, 5)));
});

test('events are fresh values at each call', () => {
  const batch = decodeBatch(someRecords(['{"a":1}', '{"a":2}', '{"a":3}']), null);
  const events = [0, 1, 2].map((index) => batch.event(index));
  for (const index of [0, 1, 2]) {
    expect(batch.event(index)).toEqual(events[index]);
    expect(batch.event(index)).not.toBe(events[index]);
  }
});

test('why an entry is rejected can be asked before its event, and of events there is nothing to tell', () => {
  const batch = decodeBatch(someRecords(['{"a":1}', '{"a":', '{"a":3}']), null);
  expect([0, 1, 2].map((index) => batch.rejectOf(index)?.reason)).toEqual([
    undefined,
    'not-json',
    undefined,
  ]);
  expect(batch.event(0)).toEqual({ a: 1 });
});

test('an empty batch has no entries', () => {
  expect(decodeBatch([], null).count).toBe(0);
});
