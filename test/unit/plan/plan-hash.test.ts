import { describe, expect, test } from 'vitest';
import {
  aggregator,
  approxCountDistinct,
  approxPercentile,
  avg,
  count,
  dynamodb,
  kinesis,
  max,
  noop,
  pipeline,
  s3,
  sliding,
  sum,
  topK,
  tumbling,
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
});
