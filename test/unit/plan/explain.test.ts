import { expect, test } from 'vitest';
import delays from '../../../functions/pipelines/delays.ts';
import {
  approxCountDistinct,
  approxPercentile,
  collectSet,
  count,
  countIf,
  foreachBatch,
  kinesis,
  noop,
  pipeline,
  topK,
  tumbling,
} from '../../../lib/index.ts';
import complete from '../../support/pipelines/complete.ts';
import reduced from '../../support/pipelines/reduced.ts';
import runningTotals from '../../support/pipelines/running-totals.ts';
import sliding from '../../support/pipelines/sliding.ts';
import stateless from '../../support/pipelines/stateless.ts';

test('the example explains itself', () => {
  expect(delays.explain()).toMatchInlineSnapshot(`
    "pipeline delays, plan fcf367f31520e8ce

    kinesis-departures  reads the Kinesis stream departures
                        events are checked by a schema (valibot); what it rejects is a dead letter
                        partitioned by origin: each key sits in the shard that owns its MD5, else it is a dead letter

    watermark-1         event time is departedAt, in milliseconds
                        watermark = newest event time - 10 minutes, per shard, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter

    aggregate-1         groups by origin and windows of 1 hour
                        flights = count()
                        meanDelay = avg(delay)
                        worstDelay = max(delay)
                        state: one entry for each origin and open window, dropped once the watermark reaches the window's end
                        rows late for all their windows are counted and go to s3-late

    s3-late             late rows, NDJSON files of late in a folder for each day (UTC)

    dynamodb-delays     takes aggregate-1 in mode update, one item of table delays for each origin, windowStart
                        allowed: the groups that a batch changed come out with their new values; an item's key determines the shard, so one task writes it

    s3-delays           takes aggregate-1 in mode append, NDJSON files of delays in a folder for each day (UTC)
                        allowed: the watermark closes each window, so its row is final and comes out once
    "
  `);
});

test('a stateless pipeline explains itself', () => {
  expect(stateless.explain()).toMatchInlineSnapshot(`
    "pipeline tags, plan 5b9a0e415d4e6529

    kinesis-clicks  reads the Kinesis stream clicks
                    any JSON value is an event

    products-only   keeps the rows that your function accepts

    flat-map-1      puts any number of rows in place of each (your function)

    map-1           puts one row in place of each (your function)

    s3-tags         takes map-1 in mode append, NDJSON files of tags in a folder for each hour (UTC)
                    allowed: each row is final as it comes and comes out once
    "
  `);
});

test('sliding windows, late rows and taps explain themselves', () => {
  expect(sliding.explain()).toMatchInlineSnapshot(`
    "pipeline readings, plan 7fdcfa94a46151c9

    kinesis-readings   reads the Kinesis stream readings
                       any JSON value is an event
                       partitioned by deviceId: each key sits in the shard that owns its MD5, else it is a dead letter

    filter-1           keeps the rows that your function accepts

    watermark-1        event time is timestamp, in ISO 8601 text
                       watermark = newest event time - 10 minutes, per shard, never backwards
                       an event more than 1 hour ahead of its arrival is a dead letter

    last-five-minutes  groups by deviceId and windows of 5 minutes every 1 minute
                       readings = count(temperature)
                       total = sum(temperature)
                       spread = stddev(temperature)
                       coldest = min(temperature)
                       earliest = first(timestamp)
                       latest = last(timestamp)
                       range = your aggregator
                       state: one entry for each deviceId and open window, dropped once the watermark reaches the window's end
                       rows late for all their windows are counted and go to s3-late-readings

    s3-late-readings   late rows, NDJSON files of late-readings

    filter-2           keeps the rows that your function accepts

    dynamodb-devices   takes filter-2 in mode update, one item of table devices for each deviceId, windowStart
                       allowed: the groups that a batch changed come out with their new values; an item's key determines the shard, so one task writes it

    map-1              puts one row in place of each (your function)

    s3-spreads         takes map-1 in mode append, NDJSON files of spreads in a folder for each day (UTC)
                       allowed: the watermark closes each window, so its row is final and comes out once
    "
  `);
});

test('a reduce by two fields explains itself', () => {
  expect(reduced.explain()).toMatchInlineSnapshot(`
    "pipeline worst-flights, plan a78194219e9885ee

    kinesis-departures      reads the Kinesis stream departures
                            any JSON value is an event
                            partitioned by origin, destination: each key sits in the shard that owns its MD5, else it is a dead letter

    watermark-1             event time is your function, in milliseconds
                            watermark = newest event time - 1 hour, per shard, never backwards
                            an event more than 1 day ahead of its arrival is a dead letter

    reduce-1                groups by origin, destination and windows of 1 day
                            combines the rows of a group into one (your function)
                            state: one entry for each origin, destination and open window, dropped once the watermark reaches the window's end
                            rows late for all their windows are counted and dropped

    dynamodb-worst-flights  takes reduce-1 in mode append, one item of table worst-flights for each origin, destination, windowStart
                            allowed: the watermark closes each window, so its row is final and comes out once; an item's key determines the shard, so one task writes it

    s3-worst-flights        takes reduce-1 in mode append, NDJSON files of worst-flights
                            allowed: the watermark closes each window, so its row is final and comes out once

    noop-1                  takes reduce-1 in mode update, and drops them
                            allowed: the groups that a batch changed come out with their new values
    "
  `);
});

test('mode complete explains itself', () => {
  expect(complete.explain()).toMatchInlineSnapshot(`
    "pipeline climate, plan d33257554bf25979

    kinesis-climate   reads the Kinesis stream climate
                      any JSON value is an event
                      partitioned by device_id: each key sits in the shard that owns its MD5, else it is a dead letter

    watermark-1       event time is timestamp, in seconds
                      watermark = newest event time - 10 minutes, per shard, never backwards
                      an event more than 1 day ahead of its arrival is a dead letter

    aggregate-1       groups by device_id and windows of 5 minutes
                      temperature = avg(temperature)
                      humidity = avg(humidity)
                      state: one entry for each device_id and window, kept for ever (mode complete)
                      no row is late: mode complete takes them all

    dynamodb-climate  takes aggregate-1 in mode complete, one item of table climate for each device_id, windowStart
                      allowed: the aggregation keeps all its groups, and all come out with each batch; an item's key determines the shard, so one task writes it
    "
  `);
});

test('exact running totals explain themselves', () => {
  expect(runningTotals.explain()).toMatchInlineSnapshot(`
    "pipeline totals, plan d76044ddcdd8d8a0

    kinesis-payments  reads the Kinesis stream payments
                      any JSON value is an event
                      partitioned by a function: each key sits in the shard that owns its MD5, else it is a dead letter

    aggregate-1       groups by key (your function)
                      payments = count()
                      total = sum(amount, exact with 2 digits)
                      mean = avg(amount, exact with 2 digits)
                      state: one entry for each key (your function), kept for ever

    dynamodb-totals   takes aggregate-1 in mode update, one item of table totals for each key
                      allowed: the groups that a batch changed come out with their new values; an item's key determines the shard, so one task writes it
    "
  `);
});

test('functions for batches explain themselves', () => {
  const explained = pipeline('receipts')
    .from(kinesis<{ at: number; shop: string }>('sales').partitionedBy('shop'))
    .withWatermark('at', '1 minute')
    .keyBy('shop')
    .window(tumbling('1 hour'))
    .aggregate({ sales: count() })
    .onLate(foreachBatch('late', async () => {}))
    .to(
      foreachBatch('receipts', async () => {}),
      { mode: 'append' },
    )
    .explain();
  expect(explained.slice(explained.indexOf('foreach-batch-late  '))).toMatchInlineSnapshot(`
    "foreach-batch-late      late rows, given to your function batch by batch, at least once

    foreach-batch-receipts  takes aggregate-1 in mode append, given to your function batch by batch, at least once
                            allowed: the watermark closes each window, so its row is final and comes out once
    "
  `);
});

test('aggregates explain their parameters', () => {
  const text = pipeline('p')
    .from(kinesis<{ key: string; delay: number; gate: string }>('events').partitionedBy('key'))
    .keyBy('key')
    .aggregate({
      late: countIf((event) => event.delay > 15),
      gates: collectSet('gate'),
      worst: topK('delay', 3),
      worstGates: topK('gate', 3, { by: 'delay' }),
      about: approxCountDistinct('gate', { relativeError: 0.02 }),
      middle: approxPercentile('delay', 0.5),
      ends: approxPercentile('delay', [0.1, 0.9], { accuracy: 200 }),
    })
    .to(noop(), { mode: 'update' })
    .explain();
  expect(text.split('\n').filter((line) => line.includes(' = '))).toEqual([
    '                late = countIf(your function)',
    '                gates = collectSet(gate)',
    '                worst = topK(delay, 3)',
    '                worstGates = topK(gate, 3, by delay)',
    '                about = approxCountDistinct(gate, relative error 0.02)',
    '                middle = approxPercentile(delay, 0.5, accuracy 100)',
    '                ends = approxPercentile(delay, [0.1,0.9], accuracy 200)',
  ]);
});
