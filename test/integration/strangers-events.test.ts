// Somebody else's program pushes what it likes, with the plain SDK, and the rows are those of a naive
// computation over the events that are valid.

import { PutRecordCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Departure } from '../../localstack/demo/naive.ts';
import { createStreamWriter, type StreamWriter } from '../../localstack/demo/push.ts';
import {
  deadLettersOf,
  differencesFrom,
  hashKeyOf,
  lateRowsOf,
  recordsCommitted,
} from '../support/delays.ts';
import { aDayOf, aRecordOf, MARCH_MS } from '../support/departures.ts';
import { encodeAggregate } from '../support/kpl.ts';
import { type RunningCloud, startCloud } from '../support/running-cloud.ts';

const HOUR_MS = 3_600_000;
const event = { origin: 'LAS', destination: 'PHL', delay: 33, distance: 2176 };
const json = (value: unknown) => Buffer.from(JSON.stringify(value), 'utf8');
const nested = (depth: number) =>
  `{"departedAt":${MARCH_MS},"origin":"LAS","deep":${'['.repeat(depth)}${']'.repeat(depth)}}`;

/** Records that are no events, and the reason that their dead letters must state. */
const BAD_RECORDS: Readonly<Record<string, readonly [Buffer, string]>> = {
  'not JSON': [Buffer.from('{"departedAt": 1'), 'not-json'],
  'JSON of another shape': [json(['LAS', 'PHL']), 'schema'],
  'a field of another type': [json({ departedAt: MARCH_MS, ...event, delay: 'late' }), 'schema'],
  'wrong UTF-8': [Buffer.concat([json(event), Buffer.from([0xff, 0xfe])]), 'bad-utf8'],
  empty: [Buffer.alloc(0), 'empty'],
  '1 MiB of anything': [Buffer.alloc(1024 * 1024 - 16, 'x'), 'not-json'],
  'more than 64 levels deep': [Buffer.from(nested(70)), 'too-deep'],
  'ten thousand levels deep': [Buffer.from(nested(10_000)), 'too-deep'],
  NaN: [
    Buffer.from(JSON.stringify({ departedAt: MARCH_MS, ...event }).replace('33', 'NaN')),
    'not-json',
  ],
  '1e999': [
    Buffer.from(JSON.stringify({ departedAt: MARCH_MS, ...event }).replace('33', '1e999')),
    'schema',
  ],
  'no time': [json(event), 'schema'],
  'a time that is text': [json({ departedAt: 'yesterday', ...event }), 'schema'],
  'a time in microseconds': [
    json({ departedAt: MARCH_MS * 1_000, ...event }),
    'event-time-invalid',
  ],
  'a time in nanoseconds': [
    json({ departedAt: MARCH_MS * 1_000_000, ...event }),
    'event-time-invalid',
  ],
  'the year 9999': [json({ departedAt: Date.UTC(9999, 0, 1), ...event }), 'event-time-ahead'],
  'a malformed KPL aggregate': [
    Buffer.concat([
      encodeAggregate([{ partitionKey: 'LAS', data: json(event) }]),
      Buffer.from([1]),
    ]),
    'kpl-malformed',
  ],
};

/** Keys that are easy to get wrong. Two of them look the same. */
const AWKWARD_KEYS = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '',
  'k'.repeat(2_048),
  'é'.normalize('NFC'),
  'é'.normalize('NFD'),
  'a/b|c#d',
  '🛫',
];

/** Valid as a partition key or not, the record lands where the key's MD5 belongs. */
const awkwardRecord = (departure: Departure): PutRecordsRequestEntry => ({
  PartitionKey: 'any',
  ExplicitHashKey: hashKeyOf(departure.origin),
  Data: json(departure),
});

describe('events and records of a stranger', () => {
  let cloud: RunningCloud;
  let writer: StreamWriter;
  const counted: Departure[] = [];
  let put = 0;
  const push = (records: readonly PutRecordsRequestEntry[]) =>
    writer.push(records, (count) => {
      put += count;
    });
  const applied = () => expect.poll(() => recordsCommitted(cloud), { timeout: 30_000 }).toBe(put);

  beforeAll(async () => {
    cloud = await startCloud();
    writer = await createStreamWriter(cloud.clients.kinesis, cloud.delays.stream);
  });
  afterAll(() => cloud?.killAll());

  it('events of 1970, in seconds by mistake, are valid on an empty log', async () => {
    const early = aDayOf({ count: 500, fromMs: 1_709_251_200, stepMs: 1 });
    counted.push(...early);
    await push(early.map(aRecordOf));
    await applied();
    await expect.poll(() => differencesFrom(cloud, counted, writer.shardOf)).toEqual([]);
  });

  it('every event counts, also one that is put twice with equal bytes', async () => {
    const departures = aDayOf({ count: 5_000 });
    const again = departures.slice(-200);
    counted.push(...departures, ...again);
    await push([...departures, ...again].map(aRecordOf));
    await applied();
    await expect.poll(() => differencesFrom(cloud, counted, writer.shardOf)).toEqual([]);
  });

  it('records packed by the Kinesis Producer Library count like single ones', async () => {
    const departures = aDayOf({ count: 1_000, fromMs: MARCH_MS + 2 * HOUR_MS, seed: 2 });
    counted.push(...departures);
    for (const shardId of writer.shardIds) {
      const records = departures
        .filter(({ origin }) => writer.shardOf(origin) === shardId)
        .map((departure) => ({ partitionKey: departure.origin, data: json(departure) }));
      const first = records[0]!;
      await cloud.clients.kinesis.send(
        new PutRecordCommand({
          StreamName: cloud.delays.stream,
          PartitionKey: first.partitionKey,
          Data: encodeAggregate(records),
        }),
      );
      put += records.length;
    }
    await applied();
    await expect.poll(() => differencesFrom(cloud, counted, writer.shardOf)).toEqual([]);
  });

  it('keys that are awkward are keys like any other', async () => {
    const departures = AWKWARD_KEYS.flatMap((origin, index) => [
      { ...event, origin, departedAt: MARCH_MS + 3 * HOUR_MS + index, delay: index },
      { ...event, origin, departedAt: MARCH_MS + 3 * HOUR_MS + index, delay: -index },
    ]);
    counted.push(...departures);
    for (const departure of departures) {
      const { PartitionKey, ExplicitHashKey, Data } = awkwardRecord(departure);
      await cloud.clients.kinesis.send(
        new PutRecordCommand({
          StreamName: cloud.delays.stream,
          PartitionKey,
          ExplicitHashKey,
          Data,
        }),
      );
      put += 1;
    }
    await applied();
    await expect.poll(() => differencesFrom(cloud, counted, writer.shardOf)).toEqual([]);
  });

  it('bad records become dead letters with a reason, and their neighbours count', async () => {
    const neighbours = aDayOf({ count: 200, fromMs: MARCH_MS + 4 * HOUR_MS, seed: 3 });
    const bad = Object.values(BAD_RECORDS);
    const records = neighbours.flatMap((departure, index) => [
      aRecordOf(departure),
      ...(bad[index] === undefined ? [] : [{ PartitionKey: 'LAS', Data: bad[index][0] }]),
    ]);
    counted.push(...neighbours);
    await push(records);
    await applied();
    await expect
      .poll(async () => (await deadLettersOf(cloud)).length)
      .toBe(Object.keys(BAD_RECORDS).length);
    const letters = await deadLettersOf(cloud);
    for (const [what, [bytes, reason]] of Object.entries(BAD_RECORDS)) {
      const letter = letters.find(({ data }) => data === bytes.toString('base64'));
      expect(letter, what).toBeDefined();
      expect(letter!.reason, what).toBe(reason);
      expect(letter!.detail, what).not.toBe('');
      expect(writer.shardIds, what).toContain(letter!.shardId);
      expect(letter!.sequenceNumber, what).toMatch(/^\d+$/);
      expect(letter!.subSequenceNumber, what).toBe(0);
      expect(new Date(letter!.arrivedAt).toISOString(), what).toBe(letter!.arrivedAt);
    }
    await expect.poll(() => differencesFrom(cloud, counted, writer.shardOf)).toEqual([]);
  });

  it('an event in a shard that does not own its key is a dead letter that says what to do', async () => {
    const origin = 'ATL';
    const other = ['LAX', 'ORD', 'DFW', 'PHX', 'DTW', 'LAS'].find(
      (key) => writer.shardOf(key) !== writer.shardOf(origin),
    )!;
    const data = json({ ...event, origin, departedAt: MARCH_MS + 5 * HOUR_MS });
    await push([{ PartitionKey: other, Data: data }]);
    await applied();
    const find = async () =>
      (await deadLettersOf(cloud)).find((letter) => letter.data === data.toString('base64'));
    await expect.poll(find).toMatchObject({ reason: 'wrong-shard' });
    expect((await find())?.detail).toMatch(/partition key|key/);
  });

  it('an event that is far behind is counted or listed as late, never both and never neither', {
    timeout: 60_000,
  }, async () => {
    const hourly = aDayOf({
      count: 2_000,
      fromMs: MARCH_MS + 6 * HOUR_MS,
      stepMs: 20_000,
      seed: 4,
    });
    const wild = aDayOf({
      count: 2_000,
      fromMs: MARCH_MS + 6 * HOUR_MS,
      stepMs: 20_000,
      behindMs: 6 * HOUR_MS,
      seed: 5,
    }).map((departure) => ({ ...departure, destination: 'WILD' }));
    const mixed = hourly.flatMap((departure, index) => [departure, wild[index]!]);
    // The late filter knows the watermark of the commit before: there must be several.
    for (let from = 0; from < mixed.length; from += 500) {
      await push(mixed.slice(from, from + 500).map(aRecordOf));
      await applied();
    }
    const text = (departure: Departure) =>
      JSON.stringify([departure.departedAt, departure.origin, departure.delay, departure.distance]);
    const remaining = async () => {
      const late = (await lateRowsOf(cloud)).map(text);
      const isLate = (departure: Departure) => {
        const index = late.indexOf(text(departure));
        if (index >= 0) late.splice(index, 1);
        return index >= 0;
      };
      const onTime = mixed.filter((departure) => !isLate(departure));
      const surplus = late.map((row) => `late rows: ${row} was never pushed`);
      return [
        ...surplus,
        ...(await differencesFrom(cloud, [...counted, ...onTime], writer.shardOf)),
      ];
    };
    await expect.poll(remaining, { timeout: 10_000 }).toEqual([]);
    const late = await lateRowsOf(cloud);
    expect(late.length).toBeGreaterThan(0);
    expect(late.filter(({ destination }) => destination !== 'WILD')).toEqual([]);
  });
});
