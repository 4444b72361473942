import { describe, expect, test } from 'vitest';
import {
  aggregator,
  approxCountDistinct,
  approxPercentile,
  avg,
  count,
  dynamodb,
  kinesis,
  list,
  max,
  noop,
  pipeline,
  s3,
  sliding,
  staticRows,
  sum,
  topK,
  tumbling,
  value,
} from '../../../lib/index.ts';
import { describeState, fnv1a64, hashPlan } from '../../../lib/plan/plan-hash.ts';

interface Flight {
  readonly departedAt: number;
  readonly origin: string;
  readonly delay: number;
}

const named = (name: string) =>
  pipeline('flights').from(kinesis<Flight>(name).partitionedBy('origin'));
const timed = named('flights').withWatermark('departedAt', '10 minutes');
const hourly = timed.keyBy('origin').window(tumbling('1 hour'));
const counted = hourly.aggregate({ n: count(), mean: avg('delay') });
const base = counted.to(noop(), { mode: 'update' }).plan();

describe('plan hash', () => {
  test('it is 64-bit FNV-1a', () => {
    expect(fnv1a64('')).toBe('cbf29ce484222325');
    expect(fnv1a64('a')).toBe('af63dc4c8601ec8c');
    expect(fnv1a64('foobar')).toBe('85944171f73967e8');
  });

  test('it is written as 16 hex digits, and stays what it was', () => {
    expect(base.hash).toBe('5d88f7b97895e550');
    expect(hashPlan(base.nodes)).toBe(base.hash);
    expect(describeState(base.nodes)).toMatchInlineSnapshot(
      `"[["kinesis-source","flights",["origin"]],["watermark",["field","departedAt"],"milliseconds"],["aggregate","aggregate-1",[["origin",["field","origin"]]],[3600000,3600000],[["n","count",null,null],["mean","avg",["field","delay"],null]]]]"`,
    );
  });

  test.each([
    ['sinks', counted.to(dynamodb('x'), { mode: 'update' }).to(s3('x'), { mode: 'append' })],
    ['a late sink', counted.onLate(s3('late')).to(noop(), { mode: 'update' })],
    ['mapped results', counted.map((row) => row.n).to(noop(), { mode: 'update' })],
    [
      'a filter before the watermark',
      named('flights')
        .filter((flight) => flight.delay > 0)
        .withWatermark('departedAt', '10 minutes', { maxAhead: '2 days' })
        .keyBy('origin')
        .window(tumbling('60 minutes'))
        .aggregate({ n: count(), mean: avg('delay') })
        .to(noop(), { mode: 'update' }),
    ],
    [
      'another allowed lateness',
      named('flights')
        .withWatermark('departedAt', '11 minutes')
        .keyBy('origin')
        .window(tumbling('1 hour'))
        .aggregate({ n: count(), mean: avg('delay') })
        .to(noop(), { mode: 'update' }),
    ],
  ])('%s: the hash, and with it the state, stays good', (_what, stream) => {
    expect(stream.plan().hash).toBe(base.hash);
  });

  const sum1 = aggregator({
    zero: () => 0,
    add: (total, flight: Flight) => total + flight.delay,
    merge: (left, right) => left + right,
    result: (total) => total,
  });
  test.each([
    [
      'another stream',
      named('departures')
        .withWatermark('departedAt', '10 minutes')
        .keyBy('origin')
        .window(tumbling('1 hour'))
        .aggregate({ n: count(), mean: avg('delay') }),
    ],
    [
      'another time',
      named('flights')
        .withWatermark('delay', '10 minutes')
        .keyBy('origin')
        .window(tumbling('1 hour'))
        .aggregate({ n: count(), mean: avg('delay') }),
    ],
    [
      'another unit',
      named('flights')
        .withWatermark('departedAt', '10 minutes', { unit: 'seconds' })
        .keyBy('origin')
        .window(tumbling('1 hour'))
        .aggregate({ n: count(), mean: avg('delay') }),
    ],
    [
      'a longer key',
      timed
        .keyBy('origin', 'delay')
        .window(tumbling('1 hour'))
        .aggregate({ n: count(), mean: avg('delay') }),
    ],
    [
      'another size',
      timed
        .keyBy('origin')
        .window(tumbling('2 hours'))
        .aggregate({ n: count(), mean: avg('delay') }),
    ],
    [
      'another slide',
      timed
        .keyBy('origin')
        .window(sliding('1 hour', '30 minutes'))
        .aggregate({ n: count(), mean: avg('delay') }),
    ],
    ['no window', timed.keyBy('origin').aggregate({ n: count(), mean: avg('delay') })],
    ['another aggregate', hourly.aggregate({ n: count(), mean: max('delay') })],
    ['another field', hourly.aggregate({ n: count(), mean: avg('departedAt') })],
    ['another name', hourly.aggregate({ n: count(), average: avg('delay') })],
    ['one more', hourly.aggregate({ n: count(), mean: avg('delay'), total: sum('delay') })],
    ['an own aggregate', hourly.aggregate({ n: count(), mean: sum1 })],
    ['another uid', hourly.aggregate({ n: count(), mean: avg('delay') }).named('hourly')],
    ['a reduce', hourly.reduce((left) => left)],
  ])('%s changes it', (_what, stream) => {
    expect(stream.to(noop(), { mode: 'update' }).plan().hash).not.toBe(base.hash);
  });

  test('each parameter of an aggregate has its own', () => {
    const hashes = [
      hourly.aggregate({ n: topK('delay', 3) }),
      hourly.aggregate({ n: topK('delay', 4) }),
      hourly.aggregate({ n: topK('delay', 3, { by: 'departedAt' }) }),
      hourly.aggregate({ n: topK('delay', 3, { by: 'origin' }) }),
      hourly.aggregate({ n: approxCountDistinct('delay') }),
      hourly.aggregate({ n: approxCountDistinct('delay', { relativeError: 0.1 }) }),
      hourly.aggregate({ n: approxPercentile('delay', 0.5) }),
      hourly.aggregate({ n: approxPercentile('delay', [0.5]) }),
      hourly.aggregate({ n: approxPercentile('delay', [0.5, 0.9]) }),
      hourly.aggregate({ n: approxPercentile('delay', 0.5, { accuracy: 200 }) }),
    ].map((stream) => stream.to(noop(), { mode: 'update' }).plan().hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('each operator with state has its own, and so has what its state depends on', () => {
    const start = pipeline('flights', { inOneTask: true });
    const events = start.from(kinesis<Flight>('flights')).withWatermark('departedAt', '1 minute');
    const others = start.from(kinesis<Flight>('others')).withWatermark('departedAt', '1 minute');
    const keyed = events.keyBy('origin');
    const run = () => [];
    const within = { from: '0 seconds', to: '1 hour' } as const;
    const lengths = { length: '1 hour', slide: '1 minute' } as const;
    const add = (left: number, right: number) => left + right;
    const summed = { key: 'origin', value: 'delay', reduce: add } as const;
    const streams = [
      events,
      events.withProcessingTime(),
      events.eventTime('delay'),
      events.eventTime('delay', { unit: 'seconds' }),
      events.limit(1),
      events.limit(1).named('first'),
      events.dropDuplicates('origin'),
      events.dropDuplicates('departedAt'),
      events.dropDuplicatesWithinWatermark('origin'),
      others,
      events.join(others, { on: 'origin' }),
      events.join(others, { on: 'delay' }),
      events.join(others, { on: [['origin', 'delay']] }),
      events.join(others, { on: 'origin', nullSafe: true }),
      events.join(others, { on: 'origin', within }),
      events.join(others, { on: 'origin', within: { ...within, toInclusive: false } }),
      events.join(others, { on: 'origin', window: tumbling('1 hour') }),
      events.join(others, { on: 'origin', within, type: 'full' }),
      keyed.flatMapGroupsWithState(run),
      keyed.flatMapGroupsWithState(run, { timeout: 'processing-time' }),
      keyed.mapWithState(run),
      keyed.mapWithState(run, { timeout: '1 hour' }),
      keyed.updateStateByKey(run),
      events.keyBy('delay').updateStateByKey(run),
      keyed.process({ onRow: run }),
      keyed.process({ onRow: run, timers: 'event-time' }),
      keyed.process({ onRow: run, state: { n: value() } }),
      keyed.process({ onRow: run, state: { m: value() } }),
      keyed.process({ onRow: run, state: { n: list() } }),
      keyed.process({ onRow: run, state: { n: value({ ttl: '1 hour' }) } }),
      events.batches().window('1 hour', '1 minute'),
      events.batches().window('2 hours', '1 minute'),
      events.batches().window('1 hour', '2 minutes'),
      events.batches().reduceByKeyAndWindow({ ...summed, ...lengths }),
      events.batches().reduceByKeyAndWindow({ ...summed, ...lengths, key: 'delay' }),
      events.batches().reduceByKeyAndWindow({ ...summed, ...lengths, value: 'departedAt' }),
      events.batches().reduceByKeyAndWindow({ ...summed, ...lengths, inverse: add }),
    ];
    const hashes = streams.map((stream) => stream.to(noop(), { mode: 'append' }).plan().hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('what has no state, and how long something is kept, change nothing', () => {
    const timedAndUnited = timed.union(timed.filter(Boolean)).transformBatch((rows) => rows);
    const hashes = [
      timed,
      timed.sample(0.5, 'origin'),
      timedAndUnited,
      timed.joinStatic(staticRows('airports', [{ origin: 'JFK' }]), { on: 'origin' }),
    ].map((stream) => stream.to(noop(), { mode: 'append' }).plan().hash);
    expect(new Set(hashes).size).toBe(1);
    const keyed = timed.keyBy('origin');
    const kept = (['1 hour', '2 hours'] as const).map((ttl) =>
      keyed.process({ onRow() {}, state: { n: value({ ttl }) } }).to(noop(), { mode: 'append' }),
    );
    expect(kept[0]!.plan().hash).toBe(kept[1]!.plan().hash);
    const mapped = (['1 hour', '2 hours'] as const).map((timeout) =>
      keyed.mapWithState(() => 1, { timeout }).to(noop(), { mode: 'append' }),
    );
    expect(mapped[0]!.plan().hash).toBe(mapped[1]!.plan().hash);
    const late = (['1 hour', '2 hours'] as const).map((allowedLateness) =>
      keyed
        .window(tumbling('1 hour'), { allowedLateness })
        .aggregate({ n: count() })
        .to(noop(), { mode: 'append' }),
    );
    expect(late[0]!.plan().hash).toBe(late[1]!.plan().hash);
  });
});
