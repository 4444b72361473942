import { expect, test } from 'vitest';
import {
  count,
  counting,
  dynamodb,
  instants,
  kinesis,
  list,
  noop,
  pipeline,
  s3,
  s3Table,
  session,
  staticRows,
  tumbling,
  value,
} from '../../../lib/index.ts';

interface Flight {
  readonly at: number;
  readonly landedAt: string;
  readonly plane: string;
  readonly delay: number;
}

const start = pipeline('p', { inOneTask: true });
const departures = start.from(kinesis<Flight>('departures'));
const arrivals = start.from(kinesis<Flight>('arrivals')).withWatermark('at', '1 minute');
const timed = departures.withWatermark('at', '10 minutes', { idleTimeout: '5 minutes' });

/** What the text says of each step, without the sources and sinks. */
function explained(stream: { explain(): string }): string {
  const blocks = stream.explain().split('\n\n').slice(1);
  return blocks.filter((block) => !/^(kinesis|noop)-/.test(block)).join('\n\n');
}
const run = () => [];

test('times, unions and rows that stay', () => {
  const stream = timed
    .union(departures.withWatermark('at', '1 minute', { beforeEpoch: true }))
    .withProcessingTime()
    .eventTime('landedAt', { unit: 'iso' })
    .sample(0.1, 'plane')
    .limit(100)
    .to(noop(), { mode: 'append' });
  expect(explained(stream)).toMatchInlineSnapshot(`
    "watermark-1         event time is at, in milliseconds
                        watermark = newest event time - 10 minutes, of all shards, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter
                        after 5 minutes without a row it holds no other back

    watermark-2         event time is at, in milliseconds
                        watermark = newest event time - 1 minute, of all shards, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter
                        it begins before all times, so that those before 1970 count

    union-1             all rows of watermark-1 and watermark-2

    processing-time-1   event time is the clock of the batch, and so is the watermark: no row is late

    event-time-1        event time is landedAt, in ISO 8601 text; the watermark stays

    sample-1            keeps the rows of a share of 0.1 of all keys, by the hash of plane

    limit-1             hands on the first 100 rows
                        state: how many there were, for ever"
  `);
});

test('duplicates', () => {
  const stream = timed
    .dropDuplicates('plane')
    .onLate(s3('late'))
    .dropDuplicates('plane', 'at')
    .dropDuplicatesWithinWatermark((flight) => flight.plane)
    .to(noop(), { mode: 'append' });
  expect(explained(stream)).toMatchInlineSnapshot(`
    "watermark-1         event time is at, in milliseconds
                        watermark = newest event time - 10 minutes, of all shards, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter
                        after 5 minutes without a row it holds no other back

    deduplicate-1       hands on the first row of each plane
                        state: one entry for each plane, kept for ever
                        rows at or before the watermark, where there is one, are counted and go to s3-late

    s3-late             late rows, NDJSON files of late in a folder for each day (UTC)

    deduplicate-2       hands on the first row of each plane, at
                        state: one entry for each plane, at, dropped once the watermark passes its time
                        rows at or before the watermark, where there is one, are counted and dropped

    deduplicate-3       hands on the first row of each key (your function)
                        state: one entry for each key (your function), dropped once the watermark is 10 minutes past its time
                        rows at or before the watermark, where there is one, are counted and dropped"
  `);
});

test('joins of streams', () => {
  const shifted = { from: '-40 seconds', to: '1 minute', toInclusive: false } as const;
  const stream = timed
    .join(arrivals, { on: 'plane', where: () => true })
    .map(({ left }) => left)
    .join(arrivals, { type: 'left', on: 'plane', within: shifted, nullSafe: true })
    .map(({ left }) => left)
    .join(arrivals, { type: 'semi', on: 'plane', window: tumbling('1 hour') })
    .to(noop(), { mode: 'append' });
  expect(explained(stream)).toMatchInlineSnapshot(`
    "watermark-1         event time is at, in milliseconds
                        watermark = newest event time - 10 minutes, of all shards, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter
                        after 5 minutes without a row it holds no other back

    watermark-2         event time is at, in milliseconds
                        watermark = newest event time - 1 minute, of all shards, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter

    join-1              inner join: pairs of rows, of watermark-1 by plane and watermark-2 by plane
                        state: the rows of both sides, kept for ever
                        late rows are counted and dropped

    map-1               puts one row in place of each (your function)

    join-2              left join: pairs of rows, of map-1 by plane and watermark-2 by plane
                        null equals null
                        right time - left time is >= -40 seconds and < 1 minute
                        state: the rows of both sides, dropped once the watermark says that no match can come
                        late rows are counted and dropped

    map-2               puts one row in place of each (your function)

    join-3              semi join: the left rows that have a match, of map-2 by plane and watermark-2 by plane
                        rows meet in the same of windows of 1 hour
                        state: the rows of both sides, dropped once the watermark says that no match can come
                        late rows are counted and dropped"
  `);
});

test('joins with tables, and functions over batches', () => {
  const stream = departures
    .joinStatic(s3Table<{ tail: string }>('planes'), { on: [['plane', 'tail']], type: 'left' })
    .map(({ left }) => left)
    .joinStatic(staticRows('planes', [{ plane: 'a' }]), { on: 'plane' })
    .map(({ left }) => left)
    .transformBatch((rows) => rows)
    .batches()
    .join(arrivals.batches(), { on: 'plane' })
    .to(noop(), { mode: 'append' });
  expect(explained(stream)).toMatchInlineSnapshot(`
    "static-join-1       left join by plane with tail of the table planes (an object of S3)
                        the table is read again once it is older than 5 minutes

    map-1               puts one row in place of each (your function)

    static-join-2       inner join by plane with plane of the table planes (rows in the pipeline)

    map-2               puts one row in place of each (your function)

    transform-batch-1   puts any rows in place of those of a batch (your function)

    watermark-1         event time is at, in milliseconds
                        watermark = newest event time - 1 minute, of all shards, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter

    transform-batch-2   makes rows of those of a batch from transform-batch-1 and watermark-1"
  `);
});

test('windows of batches', () => {
  const one = departures.batches().window('1 hour', '1 minute');
  const two = one.batches().reduceByKeyAndWindow({
    key: 'plane',
    value: 'delay',
    reduce: (left, right) => left + right,
    inverse: (total, left) => total - left,
    length: '1 hour',
    slide: '1 minute',
  });
  expect(explained(two.to(noop(), { mode: 'append' }))).toMatchInlineSnapshot(`
    "batch-window-1      all rows of the batches of 1 hour every 1 minute
                        state: these rows

    flat-map-1          puts any number of rows in place of each (your function)

    batch-window-2      combines the rows of the batches of 1 hour every 1 minute, for each plane (your function)
                        state: one value for each batch, for each plane
                        what has left a window is taken off (your function)"
  `);
});

test('state of the author', () => {
  const stream = timed
    .keyBy('plane')
    .flatMapGroupsWithState(() => [{ plane: 'a' }], { timeout: 'event-time' })
    .keyBy('plane')
    .mapWithState(() => ({ plane: 'a' }), { timeout: '1 hour' })
    .keyBy('plane')
    .process({
      state: { n: value<number>({ ttl: '1 day' }), items: list<number>() },
      timers: 'processing-time',
      onRow() {},
    })
    .keyBy(() => 'a')
    .updateStateByKey(() => 1)
    .to(dynamodb('states'), { mode: 'update' });
  expect(explained(stream)).toMatchInlineSnapshot(`
    "watermark-1         event time is at, in milliseconds
                        watermark = newest event time - 10 minutes, of all shards, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter
                        after 5 minutes without a row it holds no other back

    map-groups-1        calls your function for each plane of a batch, for any number of rows
                        state: what your function keeps for each plane
                        timeouts go by the watermark
                        rows at or before the watermark are late and dropped

    map-with-state-1    calls your function for each row, with the state of its plane
                        state: what your function keeps for each plane, until 1 hour without a row

    process-1           calls your functions for each row, with the state of its plane
                        state for each plane: n (value, for 1 day), items (list)
                        timers go by the clock of batches

    update-state-1      calls your function in each batch for each key (your function) that has state or rows
                        state: what your function gives for each key (your function), until it gives undefined

    dynamodb-states     takes update-state-1 in mode update, one item of table states for each key
                        allowed: each call gives the newest rows of its key; an item's key determines the shard, so one task writes it
    "
  `);
});

test('one row for each group of a batch', () => {
  const stream = departures.keyBy('plane').mapGroupsWithState(run).to(noop(), { mode: 'update' });
  expect(stream.explain().split('\n\n').slice(2).join('\n\n')).toMatchInlineSnapshot(`
    "map-groups-1        calls your function for each plane of a batch, for one row
                        state: what your function keeps for each plane

    noop-1              takes map-groups-1 in mode update, and drops them
                        allowed: each call gives the newest rows of its key
    "
  `);
});

test('windows of every kind, in a chain', () => {
  const stream = timed
    .keyBy('plane')
    .window(session('5 minutes'), { allowedLateness: '1 hour' })
    .aggregate({ n: count() })
    .keyBy('plane')
    .window(session(() => 5))
    .aggregate({ m: count() })
    .groupAll()
    .window(instants())
    .aggregate({ n: count() })
    .groupAll()
    .window(counting(10, 5))
    .aggregate({ m: count() })
    .to(s3('rows'), { mode: 'append' });
  expect(explained(stream)).toMatchInlineSnapshot(`
    "watermark-1         event time is at, in milliseconds
                        watermark = newest event time - 10 minutes, of all shards, never backwards
                        an event more than 1 day ahead of its arrival is a dead letter
                        after 5 minutes without a row it holds no other back

    aggregate-1         groups by plane and sessions that end after 5 minutes without a row
                        n = count()
                        state: one entry for each plane and open session, dropped once the watermark reaches the session's end
                        a closed window is kept for 1 hour more, and comes out again with each late row
                        rows late for all their windows are counted and dropped

    aggregate-2         groups by plane and sessions whose gaps your function gives
                        m = count()
                        state: one entry for each plane and open session, dropped once the watermark reaches the session's end
                        rows late for all their windows are counted and dropped

    aggregate-3         groups by event times
                        n = count()
                        state: one entry for each open window, dropped once the watermark reaches the window's end
                        rows late for all their windows are counted and dropped

    aggregate-4         groups by windows of 10 rows every 5
                        m = count()
                        state: one entry for each window that is not full

    s3-rows             takes aggregate-4 in mode append, NDJSON files of rows in a folder for each day (UTC)
                        allowed: a window is final when it is full, and its row comes out once
    "
  `);
});
