import * as v from 'valibot';
import { describe, expectTypeOf, test } from 'vitest';
import type { Decimal } from '../../lib/index.ts';
import {
  aggregator,
  approxCountDistinct,
  approxPercentile,
  avg,
  collectList,
  collectSet,
  count,
  countIf,
  decimal,
  dynamodb,
  first,
  kinesis,
  last,
  max,
  median,
  min,
  noop,
  pipeline,
  s3,
  sliding,
  stddev,
  sum,
  topK,
  tumbling,
  variance,
} from '../../lib/index.ts';

interface Flight {
  readonly departedAt: number;
  readonly at: string;
  readonly origin: string;
  readonly delay: number | null;
  readonly distance?: number;
  readonly gate?: string;
  readonly amount: string;
  readonly crew: readonly string[];
  readonly plane: { readonly id: string };
}

const flights = pipeline('flights').from(kinesis<Flight>('flights').partitionedBy('origin'));
const timed = flights.withWatermark('departedAt', '10 minutes');
const hourly = timed.keyBy('origin').window(tumbling('1 hour'));
const delays = hourly.aggregate({ flights: count(), meanDelay: avg('delay') });
const totals = flights.keyBy('origin').aggregate({ flights: count() });

type RowOf<S> = S extends { map<Next>(apply: (row: infer Row) => Next): unknown } ? Row : never;
declare function rowOf<S>(stream: S): RowOf<S>;
const typesOnly = (_check: () => void) => undefined;

describe('rows are inferred', () => {
  test('from a schema, and from a word of the author', () => {
    const schema = v.object({ origin: v.string(), delay: v.optional(v.number(), 0) });
    typesOnly(() => {
      const checked = pipeline('p').from(kinesis('departures', { schema }));
      expectTypeOf(rowOf(checked)).toEqualTypeOf<{ origin: string; delay: number }>();
      expectTypeOf(rowOf(flights)).toEqualTypeOf<Flight>();
      expectTypeOf(rowOf(pipeline('p').from(kinesis('x')))).toEqualTypeOf<unknown>();
    });
  });

  test('through map, flatMap and filter; a type guard narrows', () => {
    typesOnly(() => {
      expectTypeOf(rowOf(flights.map((flight) => flight.origin.length))).toEqualTypeOf<number>();
      expectTypeOf(rowOf(flights.flatMap((flight) => flight.crew))).toEqualTypeOf<string>();
      expectTypeOf(rowOf(flights.filter((flight) => flight.delay !== 0))).toEqualTypeOf<Flight>();
      const guard = (flight: Flight): flight is Flight & { delay: number } => flight.delay !== null;
      expectTypeOf(rowOf(flights.filter(guard)).delay).toEqualTypeOf<number>();
    });
  });

  test('of an aggregation: key, window bounds, then the aggregates', () => {
    typesOnly(() => {
      expectTypeOf(rowOf(delays)).toEqualTypeOf<{
        readonly origin: string;
        readonly windowStart: string;
        readonly windowEnd: string;
        readonly flights: number;
        readonly meanDelay: number | null;
      }>();
      expectTypeOf(rowOf(totals)).toEqualTypeOf<{
        readonly origin: string;
        readonly flights: number;
      }>();
    });
  });

  test('of a key by function: the field key', () => {
    typesOnly(() => {
      const byPlane = flights.keyBy((flight) => flight.plane.id).aggregate({ n: count() });
      expectTypeOf(rowOf(byPlane)).toEqualTypeOf<{ readonly key: string; readonly n: number }>();
    });
  });

  test('of a key of several fields; an optional one is there in the result', () => {
    typesOnly(() => {
      const byGate = flights.keyBy('origin', 'gate').aggregate({ n: count() });
      expectTypeOf(rowOf(byGate)).toEqualTypeOf<{
        readonly origin: string;
        readonly gate: string;
        readonly n: number;
      }>();
    });
  });

  test('of every aggregate', () => {
    typesOnly(() => {
      const all = hourly.aggregate({
        rows: count(),
        gates: count('gate'),
        early: count((flight) => (flight.delay ?? 0) < 0 || null),
        miles: sum('distance'),
        kilometres: sum((flight) => (flight.distance ?? 0) * 1.6),
        money: sum(decimal('amount', { scale: 2 })),
        meanMoney: avg(decimal((flight: Flight) => flight.amount, { scale: 2 })),
        hours: avg((flight) => flight.departedAt / 3_600_000),
        spread: stddev('delay'),
        least: min('delay'),
        lastGate: max('gate'),
        longestName: max((flight) => flight.origin.length),
        firstCrew: first('crew'),
        lastPlane: last((flight) => flight.plane),
        longest: aggregator({
          zero: () => ({ name: '' }),
          add: (longest, flight: Flight) =>
            flight.origin.length > longest.name.length ? { name: flight.origin } : longest,
          merge: (left, right) => (right.name.length > left.name.length ? right : left),
          result: (longest) => longest.name,
        }),
      });
      expectTypeOf(rowOf(all)).toEqualTypeOf<{
        readonly origin: string;
        readonly windowStart: string;
        readonly windowEnd: string;
        readonly rows: number;
        readonly gates: number;
        readonly early: number;
        readonly miles: number | null;
        readonly kilometres: number | null;
        readonly money: Decimal | null;
        readonly meanMoney: Decimal | null;
        readonly hours: number | null;
        readonly spread: number | null;
        readonly least: number | null;
        readonly lastGate: string | null;
        readonly longestName: number | null;
        readonly firstCrew: readonly string[] | null;
        readonly lastPlane: { readonly id: string } | null;
        readonly longest: string;
      }>();
    });
  });

  test('of aggregates that hold values: lists without nulls', () => {
    typesOnly(() => {
      const all = flights.keyBy('origin').aggregate({
        late: countIf((flight) => (flight.delay ?? 0) > 15),
        unrest: variance((flight) => flight.delay),
        middle: median('delay'),
        delays: collectList('delay'),
        planes: collectList((flight) => flight.plane),
        gates: collectSet('gate'),
        hours: collectSet((flight) => flight.delay),
        worst: topK('delay', 3),
        longest: topK((flight) => flight.distance, 3),
        worstPlanes: topK('plane', 3, { by: 'delay' }),
        worstCrews: topK((flight) => flight.crew, 3, { by: (flight) => flight.delay }),
        about: approxCountDistinct('gate'),
        aboutPlanes: approxCountDistinct((flight) => flight.plane.id, { relativeError: 0.1 }),
        most: approxPercentile('delay', 0.9),
        some: approxPercentile((flight) => flight.distance, [0.1, 0.9], { accuracy: 200 }),
      });
      expectTypeOf(rowOf(all)).toEqualTypeOf<{
        readonly origin: string;
        readonly late: number;
        readonly unrest: number | null;
        readonly middle: number | null;
        readonly delays: readonly number[];
        readonly planes: readonly { readonly id: string }[];
        readonly gates: readonly string[];
        readonly hours: readonly number[];
        readonly worst: readonly number[];
        readonly longest: readonly number[];
        readonly worstPlanes: readonly { readonly id: string }[];
        readonly worstCrews: readonly (readonly string[])[];
        readonly about: number;
        readonly aboutPlanes: number;
        readonly most: number | null;
        readonly some: readonly number[] | null;
      }>();
    });
  });

  test('of a reduce: the row with its key and the bounds of its window', () => {
    typesOnly(() => {
      const small = flights.map(({ origin, delay }) => ({ origin, delay }));
      const worst = small.keyBy('origin').reduce((left, right) => {
        expectTypeOf(left).toEqualTypeOf<{ origin: string; delay: number | null }>();
        return (right.delay ?? 0) > (left.delay ?? 0) ? right : left;
      });
      expectTypeOf(rowOf(worst)).toEqualTypeOf<{
        readonly origin: string;
        delay: number | null;
      }>();
      expectTypeOf(rowOf(hourly.reduce((left) => left)).windowStart).toEqualTypeOf<string>();
    });
  });

  test('of result rows that are mapped and filtered on', () => {
    typesOnly(() => {
      const busy = delays.filter((row) => row.flights > 10).map((row) => row.meanDelay);
      expectTypeOf(rowOf(busy)).toEqualTypeOf<number | null>();
    });
  });

  test('of rows that may have more fields than are known', () => {
    const schema = v.looseObject({ origin: v.string(), delay: v.number() });
    typesOnly(() => {
      const loose = pipeline('p').from(kinesis('x', { schema })).keyBy('origin');
      expectTypeOf(rowOf(loose.aggregate({ mean: avg('delay') }))).toEqualTypeOf<{
        readonly origin: string;
        readonly mean: number | null;
      }>();
    });
  });
});

describe('every step that can run compiles', () => {
  test('event time by unit, by function, with every option', () => {
    typesOnly(() => {
      flights.withWatermark('at', 'PT10M', { unit: 'iso' });
      flights.withWatermark((flight) => flight.departedAt, '0 seconds');
      flights.withWatermark((flight) => flight.at, '1 day', { unit: 'iso', maxAhead: '1 hour' });
      flights.withWatermark('delay', '1.5 hours', { unit: 'seconds' });
    });
  });

  test('sinks and modes', () => {
    typesOnly(() => {
      flights.filter(Boolean).to(s3('raw', { partitionBy: 'hour' }), { mode: 'append' });
      flights.to(noop(), { mode: 'append' }).to(noop(), { mode: 'update' });
      totals.to(dynamodb('totals'), { mode: 'update' });
      totals.to(dynamodb('totals'), { mode: 'complete' });
      delays.to(dynamodb('delays'), { mode: 'append' });
      delays.onLate(s3('late')).to(s3('delays'), { mode: 'append' });
      delays.map((row) => row.flights).to(s3('counts'), { mode: 'append' });
      delays.map((row) => row.flights).to(noop(), { mode: 'complete' });
      timed.keyBy('origin').window(sliding('5 minutes', '1 minute'));
    });
  });
});

describe('plans that cannot run do not compile', () => {
  test('fields that rows do not have, or not of this type', () => {
    typesOnly(() => {
      // @ts-expect-error there is no such field
      flights.keyBy('nowhere');
      // @ts-expect-error a list is no key
      flights.keyBy('crew');
      // @ts-expect-error an object is no key
      flights.keyBy((flight) => flight.plane);
      // @ts-expect-error a key has at least one field
      flights.keyBy();
      // @ts-expect-error there is no such field
      flights.withWatermark('nowhere', '10 minutes');
      // @ts-expect-error text is no number of milliseconds
      flights.withWatermark('at', '10 minutes');
      // @ts-expect-error a number is no ISO 8601 text
      flights.withWatermark('departedAt', '10 minutes', { unit: 'iso' });
      // @ts-expect-error there is no such field
      kinesis<Flight>('flights').partitionedBy('nowhere');
      // @ts-expect-error a list is no partition key
      kinesis<Flight>('flights').partitionedBy('crew');
      // @ts-expect-error there is no such field
      hourly.aggregate({ mean: avg('nowhere') });
      // @ts-expect-error there is no such field
      hourly.aggregate({ n: count('nowhere') });
      // @ts-expect-error texts have no sum
      hourly.aggregate({ total: sum('origin') });
      // @ts-expect-error texts have no mean
      hourly.aggregate({ mean: avg('origin') });
      // @ts-expect-error texts have no mean
      hourly.aggregate({ mean: avg((flight: Flight) => flight.origin) });
      // @ts-expect-error lists have no deviation
      hourly.aggregate({ spread: stddev('crew') });
      // @ts-expect-error lists have no order
      hourly.aggregate({ most: max('crew') });
      // @ts-expect-error a number is no boolean
      hourly.aggregate({ n: countIf('delay') });
      // @ts-expect-error a promise is no boolean
      hourly.aggregate({ n: countIf(async () => true) });
      // @ts-expect-error texts have no median
      hourly.aggregate({ middle: median('origin') });
      // @ts-expect-error lists cannot be told apart
      hourly.aggregate({ crews: collectSet('crew') });
      // @ts-expect-error lists cannot be told apart
      hourly.aggregate({ crews: approxCountDistinct('crew') });
      // @ts-expect-error lists have no order
      hourly.aggregate({ best: topK('crew', 3) });
      // @ts-expect-error lists have no order
      hourly.aggregate({ best: topK('origin', 3, { by: 'crew' }) });
      // @ts-expect-error texts have no percentiles
      hourly.aggregate({ most: approxPercentile('origin', 0.9) });
      // @ts-expect-error a list is no decimal
      hourly.aggregate({ total: sum(decimal('crew', { scale: 2 })) });
      // @ts-expect-error there is no such field on results
      delays.filter((row) => row.nowhere);
      // @ts-expect-error a promise is no boolean
      flights.filter(async () => true);
      // @ts-expect-error the events of an untyped stream have no known fields
      pipeline('p').from(kinesis('x')).keyBy('origin');
    });
  });

  test('times that make no sense', () => {
    typesOnly(() => {
      // @ts-expect-error a unit that does not exist
      flights.withWatermark('departedAt', '10 minuten');
      // @ts-expect-error a number has no unit
      flights.withWatermark('departedAt', 600_000);
      // @ts-expect-error a window without length
      tumbling('0 hours');
      // @ts-expect-error a window that ends before it starts
      tumbling('-1 hours');
      // @ts-expect-error a window that never moves
      sliding('1 hour', '0 minutes');
      // @ts-expect-error a watermark behind the groups that need it
      totals.withWatermark('flights', '1 minute');
      // @ts-expect-error windows without event time
      flights.keyBy('origin').window(tumbling('1 hour'));
    });
  });

  test('sinks and modes that do not go together', () => {
    typesOnly(() => {
      // @ts-expect-error append without a watermark
      totals.to(s3('totals'), { mode: 'append' });
      // @ts-expect-error append without a watermark
      totals.to(dynamodb('totals'), { mode: 'append' });
      // @ts-expect-error append without a window
      timed.keyBy('origin').aggregate({ n: count() }).to(s3('totals'), { mode: 'append' });
      // @ts-expect-error files never change
      delays.to(s3('delays'), { mode: 'update' });
      // @ts-expect-error files never change
      delays.to(s3('delays'), { mode: 'complete' });
      // @ts-expect-error complete without an aggregation
      flights.to(noop(), { mode: 'complete' });
      // @ts-expect-error a table of rows without a key
      flights.to(dynamodb('flights'), { mode: 'update' });
      // @ts-expect-error a table of rows that no longer stand for their group
      delays.map((row) => row).to(dynamodb('delays'), { mode: 'update' });
      // @ts-expect-error no such mode
      delays.to(noop(), { mode: 'upsert' });
      // @ts-expect-error a mode is always said
      delays.to(noop());
    });
  });

  test('late rows where there can be none', () => {
    typesOnly(() => {
      // @ts-expect-error no watermark
      totals.onLate(s3('late'));
      // @ts-expect-error no window
      timed.keyBy('origin').aggregate({ n: count() }).onLate(s3('late'));
      // @ts-expect-error not directly after the aggregation
      delays.map((row) => row).onLate(s3('late'));
      // @ts-expect-error late rows have no key
      delays.onLate(dynamodb('late'));
    });
  });

  test('names that are taken, keys of results, and steps without a group', () => {
    typesOnly(() => {
      // @ts-expect-error the name of the key
      hourly.aggregate({ origin: count() });
      // @ts-expect-error the name of a window bound
      hourly.aggregate({ windowStart: count() });
      // @ts-expect-error a name that tables keep for themselves
      hourly.aggregate({ pk: count() });
      // @ts-expect-error a name that tables keep for themselves
      hourly.aggregate({ _n: count() });
      // @ts-expect-error an aggregation needs a key
      flights.aggregate({ n: count() });
      const lengths = flights.map((flight) => flight.origin.length).keyBy((length) => length);
      // @ts-expect-error numbers have no room for a key
      lengths.reduce((left: number) => left);
    });
  });

  test('the refusal says in words what to change', () => {
    typesOnly(() => {
      expectTypeOf<Parameters<typeof totals.to>[1]['mode']>().not.toBeAny();
      type Refusal = (typeof totals)['withWatermark'];
      expectTypeOf<Refusal>().toEqualTypeOf<{
        readonly 'invalid pipeline': 'the watermark is declared on events: put .withWatermark before .keyBy';
      }>();
    });
  });
});
