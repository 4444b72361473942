import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { Duration, GroupState, KeyState } from '../../lib/index.ts';
import {
  aggregator,
  approxCountDistinct,
  approxPercentile,
  avg,
  collectList,
  collectSet,
  count,
  countIf,
  counting,
  decimal,
  dynamodb,
  dynamodbTable,
  first,
  foreachBatch,
  instants,
  kinesis,
  last,
  list,
  map,
  max,
  median,
  min,
  noop,
  pipeline,
  rowsOf,
  s3,
  s3Table,
  session,
  sliding,
  staticRows,
  stddev,
  sum,
  topK,
  tumbling,
  value,
  variance,
} from '../../lib/index.ts';

const Departure = v.object({ departedAt: v.number(), origin: v.string(), delay: v.number() });
type Departure = v.InferOutput<typeof Departure>;

interface Flight {
  readonly departedAt: number;
  readonly landedAt: number;
  readonly origin: string;
  readonly destination: string;
  readonly delay: number;
  readonly distance: number;
  readonly gate?: string;
  readonly plane: string;
  readonly amount: string;
}

interface Landing {
  readonly at: number;
  readonly plane: string;
  readonly tail: string;
}

interface Airport {
  readonly code: string;
}

interface Click {
  readonly user: { readonly id: string };
}

const start = pipeline('flights');
const flights = start.from(kinesis<Flight>('flights').partitionedBy('origin'));
const timed = flights.withWatermark('departedAt', '10 minutes');
const landings = start.from(kinesis<Landing>('landings')).withWatermark('at', '10 minutes');
const keyed = flights.keyBy('origin');
const groups = timed.keyBy('origin').window(tumbling('1 hour')).aggregate({ flights: count() });

/** Every example of the authoring API, as its docstring has it. */
const examples = [
  () => {
    const delay: Duration = '10 minutes';
    return delay;
  },
  () =>
    pipeline('delays')
      .from(kinesis('departures', { schema: Departure }).partitionedBy('origin'))
      .withWatermark('departedAt', '10 minutes')
      .keyBy('origin')
      .window(tumbling('1 hour'))
      .aggregate({ flights: count(), meanDelay: avg('delay'), worstDelay: max('delay') })
      .to(dynamodb('delays'), { mode: 'update' }),
  () => {
    pipeline('delays').from(kinesis<Departure>('departures'));
    kinesis<Departure>('departures').partitionedBy('origin');
  },
  () => {
    const userOf = (click: Click) => click.user.id;
    kinesis<Click>('clicks').partitionedBy(userOf);
  },
  () => {
    const checked = kinesis('departures', { schema: Departure }).partitionedBy('origin');
    const unchecked = kinesis<{ origin: string }>('departures');
    return [checked, unchecked];
  },
  (stream = flights) => {
    stream.map((flight) => ({ ...flight, late: flight.delay > 15 }));
    stream.filter((flight) => flight.delay > 0);
    stream.keyBy('origin').aggregate({ flights: count() }).named('by-origin');
    stream.withWatermark('departedAt', '10 minutes');
    stream.keyBy('origin');
    stream.keyBy('origin').aggregate({ flights: count(), meanDelay: avg('delay') });
    stream.keyBy('origin').reduce((worst, next) => (next.delay > worst.delay ? next : worst));
    stream.to(noop(), { mode: 'update' });
  },
  (stream = pipeline('words').from(kinesis<{ words: string[] }>('lines'))) => {
    stream.flatMap((line) => line.words);
  },
  (stream = timed) => {
    stream.keyBy('origin').window(tumbling('1 hour')).aggregate({ n: count() }).onLate(s3('late'));
    stream.keyBy('origin').window(tumbling('1 hour'));
    stream.keyBy('origin').window(tumbling('1 hour'), { allowedLateness: '1 day' });
    stream.keyBy('origin').window(sliding('5 minutes', '1 minute'));
  },
  (stream = groups) => {
    stream.to(dynamodb('delays'), { mode: 'update' }).to(s3('delays'), { mode: 'append' });
    stream.to(dynamodb('delays'), { mode: 'update' });
    stream.to(s3('delays', { partitionBy: 'hour' }), { mode: 'append' });
  },
  (stream = groups, url = 'https://alerts.example.com') => {
    stream.to(
      foreachBatch('alerts', async (rows, batchId, { signal }) => {
        const headers = { 'idempotency-key': batchId };
        const body = JSON.stringify(rows);
        const answer = await fetch(url, { method: 'POST', headers, body, signal });
        if (!answer.ok) throw new Error(`alerts were refused with ${answer.status}`);
      }),
      { mode: 'append' },
    );
  },
  (stream = keyed) => {
    stream.aggregate({ flights: count(), withGate: count('gate') });
    stream.aggregate({ late: countIf((flight) => flight.delay > 15) });
    stream.aggregate({ miles: sum('distance'), total: sum(decimal('amount', { scale: 2 })) });
    stream.aggregate({ meanDelay: avg('delay'), meanHours: avg((flight) => flight.delay / 60) });
    stream.aggregate({ earliest: min('departedAt') });
    stream.aggregate({ worstDelay: max('delay') });
    stream.aggregate({ spread: stddev('delay') });
    stream.aggregate({ unrest: variance('delay') });
    stream.aggregate({ typicalDelay: median('delay') });
    stream.aggregate({ destinations: collectList('destination') });
    stream.aggregate({ destinations: collectSet('destination') });
    stream.aggregate({ worst: topK('delay', 3), latest: topK('destination', 3, { by: 'delay' }) });
    stream.aggregate({ planes: approxCountDistinct('plane', { relativeError: 0.02 }) });
    stream.aggregate({ delays: approxPercentile('delay', [0.5, 0.95], { accuracy: 200 }) });
    stream.aggregate({ firstDestination: first('destination') });
    stream.aggregate({ lastDestination: last('destination') });
    stream.aggregate({ total: sum(decimal('amount', { scale: 2 })) });
  },
  () => {
    const longest = aggregator({
      zero: () => '',
      add: (longest, flight: Flight) =>
        flight.destination.length > longest.length ? flight.destination : longest,
      merge: (left, right) => (right.length > left.length ? right : left),
      result: (longest) => longest,
    });
    return longest;
  },
  (stream = timed) => {
    stream.withProcessingTime().keyBy('origin').window(tumbling('1 minute'));
    stream.eventTime('landedAt');
    stream.limit(100);
    stream.sample(0.1, 'plane');
    stream.dropDuplicates('plane', 'departedAt');
    stream.dropDuplicatesWithinWatermark('plane');
    stream.keyBy('origin').window(session('30 minutes'));
    stream.keyBy('origin').window(session((flight: Flight) => flight.delay * 60_000));
    stream.keyBy('origin').window(counting(100));
    stream.keyBy('origin').window(instants());
    stream.groupAll().aggregate({ flights: count() });
  },
  (departures = timed, arrivals = landings, stream = departures, others = arrivals) => {
    stream.union(others);
    departures.join(arrivals, { on: 'plane', within: { from: '0 seconds', to: '1 day' } });
    departures.join(arrivals, { type: 'left', on: [['plane', 'tail']], window: tumbling('1 day') });
    departures.batches().join(arrivals.batches(), { on: 'plane' });
    departures.batches().cogroup(arrivals.batches(), { on: 'plane' });
  },
  (stream = flights, airports: readonly Airport[] = []) => {
    stream.joinStatic(staticRows('airports', airports), { on: [['origin', 'code']] });
    stream.joinStatic(s3Table<Airport>('airports'), { on: [['origin', 'code']], type: 'left' });
    stream.joinStatic(dynamodbTable<Airport>('airports'), { on: [['origin', 'code']] });
  },
  (stream = flights) => {
    stream.keyBy('origin').mapGroupsWithState((key, rows, state: GroupState<number>) => {
      state.update((state.getOption() ?? 0) + rows.length);
      return { origin: key, flights: state.get() };
    });
    stream.keyBy('origin').flatMapGroupsWithState(
      (key, rows, state: GroupState<number>) => {
        if (state.hasTimedOut) return [{ origin: key, silent: true }];
        state.update(rows.length);
        state.setTimeoutDuration('1 minute');
        return [];
      },
      { timeout: 'processing-time' },
    );
    stream.keyBy('origin').mapWithState((key, row, state: KeyState<number>) => {
      if (row === undefined) return undefined;
      state.update((state.getOption() ?? 0) + 1);
      return { origin: key, flights: state.get() };
    });
    stream.keyBy('origin').updateStateByKey((rows, flights: number = 0) => flights + rows.length);
    stream.keyBy('origin').process({
      state: { flights: value<number>() },
      emits: rowsOf<{ origin: string; flights: number }>(),
      onRow(row, { key, state, emit }) {
        const flights = (state.flights.get() ?? 0) + 1;
        state.flights.set(flights);
        if (row.delay > 60) emit({ origin: key, flights });
      },
    });
  },
  () => {
    const state = { flights: value<number>(), gate: value<string>({ ttl: '1 day' }) };
    return state;
  },
  () => {
    const state = { delays: list<number>() };
    return state;
  },
  () => {
    const state = { flightsByGate: map<number>() };
    return state;
  },
  () => {
    const emits = rowsOf<{ origin: string; flights: number }>();
    return emits;
  },
  (stream = flights) => {
    stream.transformBatch((rows) => rows.toSorted((one, other) => one.delay - other.delay));
    stream.batches().count();
    stream.batches().reduce((worst, next) => (next.delay > worst.delay ? next : worst));
    stream
      .map((flight) => flight.origin)
      .batches()
      .countByValue();
    stream.batches().groupByKey('origin', 'delay');
    stream.batches().reduceByKey('origin', 'delay', (left, right) => left + right);
    stream.batches().glom(2);
    stream.batches().mapPartitions(2, (rows) => [rows.length]);
    stream.batches().window('1 hour', '10 minutes');
    stream
      .map((flight) => flight.delay)
      .batches()
      .reduceByWindow(Math.max, '1 hour', '10 minutes');
    stream.batches().countByWindow('1 hour', '10 minutes');
    stream
      .map((flight) => flight.origin)
      .batches()
      .countByValueAndWindow('1 hour', '10 minutes');
    stream.batches().reduceByKeyAndWindow({
      key: 'origin',
      value: () => 1,
      reduce: (left, right) => left + right,
      inverse: (total, left) => total - left,
      filter: (total) => total > 0,
      length: '1 hour',
      slide: '10 minutes',
    });
    stream
      .batches()
      .groupByKeyAndWindow({ key: 'origin', value: 'delay', length: '1 hour', slide: '1 hour' });
  },
];

test('every example of the authoring API runs', () => {
  for (const example of examples) expect(example).not.toThrow();
});

test('every example in a docstring is one of those above', () => {
  const lib = join(import.meta.dirname, '../../lib');
  const above = withoutLayout(readFileSync(import.meta.filename, 'utf8'));
  const documented = ['plan', 'time'].flatMap((folder) =>
    readdirSync(join(lib, folder))
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => examplesOf(readFileSync(join(lib, folder, name), 'utf8'))),
  );
  expect(documented.length).toBeGreaterThan(25);
  expect(documented.filter((example) => !above.includes(withoutLayout(example)))).toEqual([]);
});

/** The text after each `@example`, up to the end of its comment. */
function examplesOf(source: string): string[] {
  return [...source.matchAll(/^\s*\* @example\n((?:\s*\*(?!\/).*\n)+)/gm)].map((match) =>
    match[1]!.replaceAll(/^\s*\* ?/gm, ''),
  );
}

/** Line breaks, the comma and semicolon that go with them, and the export of a pipeline's own file do not matter. */
function withoutLayout(code: string): string {
  return code.replaceAll(/export default |\s|,(?=\s*[)}\]])|;/g, '');
}
