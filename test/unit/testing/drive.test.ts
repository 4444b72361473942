import { describe, expect, test } from 'vitest';
import {
  avg,
  count,
  dynamodb,
  foreachBatch,
  kinesis,
  pipeline,
  s3,
  tumbling,
} from '../../../lib/index.ts';
import { drive } from '../../../lib/testing/index.ts';

interface Flight {
  readonly origin: string;
  readonly at: number;
  readonly delay: number;
}

const flights = kinesis<Flight>('flights').partitionedBy('origin');

const hourly = () =>
  pipeline('delays')
    .from(flights)
    .withWatermark('at', '10 seconds', { unit: 'seconds', maxAhead: '36500 days' })
    .keyBy('origin')
    .window(tumbling('5 seconds'))
    .aggregate({ flights: count(), mean: avg('delay') });

const flight = (origin: string, at: number, delay = 1): Flight => ({ origin, at, delay });
const closed = (origin: string, start: number, flightCount: number) => ({
  origin,
  windowStart: new Date(start * 1_000).toISOString(),
  windowEnd: new Date((start + 5) * 1_000).toISOString(),
  flights: flightCount,
  mean: 1,
});

describe('a driven pipeline', () => {
  test('gives out what each batch closes, and all of it when it is drained', async () => {
    const run = drive(hourly().to(s3('delays'), { mode: 'append' }));

    await run.push([flight('SJC', 11), flight('SJC', 12), flight('DEN', 16)]);
    expect(run.output()).toEqual([]);
    expect(run.watermark()).toBe(6_000);

    await run.push([flight('SJC', 25)]);
    expect(run.output()).toEqual([closed('SJC', 10, 2)]);
    expect(run.output()).toEqual([]);
    expect(await run.stateRows()).toEqual({ 'aggregate-1': 2 });

    await run.push([flight('SJC', 3), flight('DEN', 14), flight('DEN', 17)]);
    expect(run.late()).toBe(2);

    await run.drain();
    expect(run.output('delays')).toEqual([closed('DEN', 15, 2), closed('SJC', 25, 1)]);
    expect(await run.state()).toEqual([]);
    expect(run.rows()).toHaveLength(3);
    expect(run.counts()).toMatchObject({ in: 7, late: 2, applied: 5, dead: 0 });
  });

  test('shows what a table was given, and what it holds', async () => {
    const run = drive(hourly().to(dynamodb('delays'), { mode: 'update' }));

    await run.push([flight('SJC', 11)]);
    await run.push([flight('SJC', 12), flight('DEN', 16)]);

    expect(run.output()).toEqual([
      closed('SJC', 10, 1),
      closed('SJC', 10, 2),
      closed('DEN', 15, 1),
    ]);
    expect(run.rows()).toEqual([closed('DEN', 15, 1), closed('SJC', 10, 2)]);
  });

  test('recovers from the log after a restart, and a redelivery changes nothing', async () => {
    const run = drive(hourly().to(s3('delays'), { mode: 'append' }));
    await run.push([flight('SJC', 11)]);
    await run.redeliver();
    run.restart();
    await run.redeliver();
    await run.push([flight('SJC', 12)]);
    await run.drain();

    expect(run.rows()).toEqual([closed('SJC', 10, 2)]);
    expect(run.counts()).toMatchObject({ in: 2, duplicate: 0, applied: 2 });
  });

  test('hands a committed batch over again when the function failed', async () => {
    const given: unknown[] = [];
    const run = drive(
      pipeline('copies')
        .from(flights)
        .to(
          foreachBatch('copy', (rows) => {
            given.push(rows);
            if (given.length === 1) throw new Error('not now');
          }),
          { mode: 'append' },
        ),
    );
    await expect(run.push([flight('SJC', 11)])).rejects.toThrow('not now');
    expect(run.output()).toEqual([]);

    await run.redeliver();
    expect(given).toHaveLength(2);
    expect(run.output()).toEqual([flight('SJC', 11)]);
  });

  test('moves on by its own clock, and closes what a given watermark passes', async () => {
    const run = drive(hourly().to(s3('delays'), { mode: 'append' }), { startMs: 5_000 });
    await run.push([flight('SJC', 11)]);
    await run.advanceTime('1 minute');
    expect(run.output()).toEqual([]);
    await run.advanceWatermark(14_999);
    expect(run.output()).toEqual([]);
    await run.advanceWatermark(15_000);
    expect(run.output()).toEqual([closed('SJC', 10, 1)]);
  });

  test('spreads events over shards by their key', async () => {
    const run = drive(hourly().to(dynamodb('delays'), { mode: 'update' }), { shards: 4 });
    const origins = ['SJC', 'DEN', 'AMS', 'ORD', 'SFO', 'JFK'];
    await run.push(origins.map((origin) => flight(origin, 11)));
    expect(run.rows()).toEqual(origins.toSorted().map((origin) => closed(origin, 10, 1)));
    expect(run.deadLetters()).toEqual([]);

    for (const shard of [0, 1, 2, 3]) await run.push([flight('SJC', 12)], { shard });
    const elsewhere = { reason: 'wrong-shard', event: flight('SJC', 12) };
    expect(run.deadLetters()).toMatchObject([elsewhere, elsewhere, elsewhere]);
    expect(run.rows()).toContainEqual(closed('SJC', 10, 2));
  });

  test('names what it does not know', async () => {
    const run = drive(hourly().to(s3('delays'), { mode: 'append' }));
    expect(() => run.output('delay')).toThrow(
      "'delay' names 0 sinks of the pipeline: it has 's3-delays'",
    );
    await expect(run.push({ flight: [] })).rejects.toThrow(
      "the pipeline has no source 'flight': it has 'flights'",
    );
  });
});

test('the state of windows of batches is shown, too', async () => {
  const hits = pipeline('hits', { inOneTask: true }).from(
    kinesis<{ readonly url: string }>('hits'),
  );
  const counts = hits.batches().countByWindow('2 seconds', '1 second');
  const run = drive(
    counts.to(
      foreachBatch('counts', () => {}),
      { mode: 'append' },
    ),
  );
  await run.push([{ url: '/a' }, { url: '/b' }]);
  const state = await run.state();
  expect(state.length).toBeGreaterThan(0);
  expect(state.every(({ operator }) => operator === 'batch-window-1')).toBe(true);
});
