import { describe, expectTypeOf, test } from 'vitest';
import type { GroupState, KeyState } from '../../lib/index.ts';
import {
  count,
  counting,
  dynamodb,
  foreachBatch,
  instants,
  kinesis,
  list,
  map,
  noop,
  pipeline,
  rowsOf,
  s3,
  s3Table,
  session,
  sliding,
  staticRows,
  sum,
  tumbling,
  value,
} from '../../lib/index.ts';

interface Departure {
  readonly at: number;
  readonly plane: string;
  readonly origin: string;
  readonly delay: number;
}
interface Arrival {
  readonly landedAt: number;
  readonly tail: string;
  readonly plane: string;
  readonly gate: string | null;
}

const flights = pipeline('flights', { inOneTask: true });
const departures = flights.from(kinesis<Departure>('departures'));
const arrivals = flights.from(kinesis<Arrival>('arrivals'));
const departed = departures.withWatermark('at', '10 minutes');
const landed = arrivals.withWatermark('landedAt', '10 minutes');
const hourly = departed.keyBy('origin').window(tumbling('1 hour')).aggregate({ flights: count() });

type RowOf<S> = S extends { map<Next>(apply: (row: infer Row) => Next): unknown } ? Row : never;
declare function rowOf<S>(stream: S): RowOf<S>;
const typesOnly = (_check: () => void) => undefined;

describe('rows of joins', () => {
  test('are pairs, with null where a side may be missing', () => {
    typesOnly(() => {
      const within = { from: '-40 seconds', to: '1 day' } as const;
      expectTypeOf(rowOf(departed.join(landed, { on: 'plane' }))).toEqualTypeOf<{
        readonly left: Departure;
        readonly right: Arrival;
      }>();
      const left = departed.join(landed, { type: 'left', on: [['plane', 'tail']], within });
      expectTypeOf(rowOf(left)).toEqualTypeOf<{
        readonly left: Departure;
        readonly right: Arrival | null;
      }>();
      const full = departed.join(landed, {
        type: 'full',
        on: { left: (row) => row.plane, right: (row) => row.tail },
        window: tumbling('1 day'),
      });
      expectTypeOf(rowOf(full)).toEqualTypeOf<{
        readonly left: Departure | null;
        readonly right: Arrival | null;
        readonly windowStart: string;
        readonly windowEnd: string;
      }>();
      const semi = departed.join(landed, { type: 'semi', on: ['plane'], within });
      expectTypeOf(rowOf(semi)).toEqualTypeOf<Departure>();
      departed.join(landed, { on: 'plane', where: (one, other) => one.at < other.landedAt });
    });
  });

  test('with tables', () => {
    typesOnly(() => {
      const airports = s3Table<{ code: string; city: string }>('airports');
      const named = departures.joinStatic(airports, { on: [['origin', 'code']], type: 'left' });
      expectTypeOf(rowOf(named)).toEqualTypeOf<{
        readonly left: Departure;
        readonly right: { code: string; city: string } | null;
      }>();
      departures.joinStatic(staticRows('planes', [{ plane: 'N1' }]), { on: 'plane' });
    });
  });

  test('of a union are rows of either', () => {
    typesOnly(() => {
      expectTypeOf(rowOf(departures.union(arrivals))).toEqualTypeOf<Departure | Arrival>();
    });
  });
});

describe('windows', () => {
  test('of every kind', () => {
    typesOnly(() => {
      const keyed = departed.keyBy('origin');
      keyed.window(session('30 minutes')).aggregate({ n: count() }).to(s3('a'), { mode: 'append' });
      keyed.window(session((row: Departure) => row.delay));
      keyed.window(sliding('1 hour', '7 minutes'), { allowedLateness: '1 hour' });
      expectTypeOf(
        rowOf(keyed.window(instants()).aggregate({ n: count() })).windowStart,
      ).toEqualTypeOf<string>();
      const counted = departures.keyBy('origin').window(counting(10)).aggregate({ n: count() });
      expectTypeOf(rowOf(counted)).toEqualTypeOf<{
        readonly origin: string;
        readonly n: number;
      }>();
      counted.to(s3('counted'), { mode: 'append' });
      expectTypeOf(rowOf(departures.groupAll().aggregate({ n: count() }))).toEqualTypeOf<{
        readonly n: number;
      }>();
    });
  });

  test('of results, in a chain', () => {
    typesOnly(() => {
      const daily = hourly
        .keyBy('origin')
        .window(tumbling('1 day'))
        .aggregate({ flights: sum('flights') });
      daily.to(s3('daily'), { mode: 'append' }).to(dynamodb('daily'), { mode: 'append' });
      hourly.dropDuplicates('origin').onLate(s3('late')).to(s3('first'), { mode: 'append' });
      // @ts-expect-error behind a chain there is no mode update
      daily.to(noop(), { mode: 'update' });
      // @ts-expect-error nor complete
      daily.to(noop(), { mode: 'complete' });
      // @ts-expect-error running results are never final
      departed.keyBy('origin').aggregate({ n: count() }).keyBy('n');
    });
  });
});

describe('state of the author', () => {
  test('of groups', () => {
    typesOnly(() => {
      const grouped = departures.keyBy('origin');
      const counts = grouped.mapGroupsWithState((key, rows, state: GroupState<number>) => {
        expectTypeOf(key).toEqualTypeOf<string>();
        expectTypeOf(rows).toEqualTypeOf<readonly Departure[]>();
        return { origin: key, flights: state.getOption() ?? 0 };
      });
      expectTypeOf(rowOf(counts)).toEqualTypeOf<{ flights: number; origin: string }>();
      counts.to(noop(), { mode: 'update' });
      // @ts-expect-error its rows are updates
      counts.to(noop(), { mode: 'append' });
      // @ts-expect-error no operator with state takes updates
      counts.keyBy('origin');
      grouped
        .flatMapGroupsWithState((_key, rows, _state: GroupState<string>) => rows, {
          timeout: 'event-time',
        })
        .to(s3('rows'), { mode: 'append' });
      const mapped = grouped.mapWithState((key, row, _state: KeyState<number>) =>
        row === undefined ? undefined : { origin: key, delay: row.delay },
      );
      expectTypeOf(rowOf(mapped)).toEqualTypeOf<{ delay: number; origin: string }>();
      const totals = grouped.updateStateByKey(
        (rows, total: number | undefined, { key, batchTimeMs }) => {
          expectTypeOf(key).toEqualTypeOf<string>();
          expectTypeOf(batchTimeMs).toEqualTypeOf<number>();
          return (total ?? 0) + rows.length;
        },
        { initial: [['JFK', 3]] },
      );
      expectTypeOf(rowOf(totals)).toEqualTypeOf<{
        readonly origin: string;
        readonly state: number;
      }>();
      totals.to(dynamodb('totals'), { mode: 'update' });
    });
  });

  test('of .process', () => {
    typesOnly(() => {
      const processed = departed.keyBy('origin').process({
        state: {
          flights: value<number>({ ttl: '1 day' }),
          delays: list<number>(),
          gates: map<string>(),
        },
        timers: 'event-time',
        emits: rowsOf<{ origin: string; flights: number }>(),
        onRow(row, { key, state, timers, emit }) {
          expectTypeOf(state.flights.get()).toEqualTypeOf<number | undefined>();
          expectTypeOf(state.delays.get()).toEqualTypeOf<readonly number[]>();
          expectTypeOf(state.gates.get('a')).toEqualTypeOf<string | undefined>();
          timers.register(row.at + 1000);
          emit({ origin: key, flights: 1 }, row.at);
        },
        onTimer(timeMs, { emit, key }) {
          emit({ origin: key, flights: timeMs });
        },
      });
      expectTypeOf(rowOf(processed)).toEqualTypeOf<{ origin: string; flights: number }>();
      processed
        .onLate(
          foreachBatch('late', (rows) => {
            expectTypeOf(rows).toEqualTypeOf<readonly Departure[]>();
          }),
        )
        .to(noop(), { mode: 'update' });
      departures.keyBy('origin').process({ onRow() {} });
    });
  });
});

describe('batches', () => {
  test('give rows of keys and values', () => {
    typesOnly(() => {
      const batches = departures.batches();
      expectTypeOf(rowOf(batches.count())).toEqualTypeOf<{ readonly count: number }>();
      expectTypeOf(rowOf(batches.groupByKey('origin'))).toEqualTypeOf<{
        readonly origin: string;
        readonly value: readonly Departure[];
      }>();
      expectTypeOf(rowOf(batches.groupByKey(['origin', 'plane'], 'delay'))).toEqualTypeOf<{
        readonly origin: string;
        readonly plane: string;
        readonly value: readonly number[];
      }>();
      const byKey = batches.reduceByKey(
        (row) => row.origin,
        () => 1,
        (left, right) => left + right,
      );
      expectTypeOf(rowOf(byKey)).toEqualTypeOf<{ readonly key: string; readonly value: number }>();
      expectTypeOf(rowOf(batches.glom(2))).toEqualTypeOf<readonly Departure[]>();
      const both = batches.cogroup(arrivals.batches(), { on: [['plane', 'tail']] });
      expectTypeOf(rowOf(both)).toEqualTypeOf<{
        readonly plane: string;
        readonly left: readonly Departure[];
        readonly right: readonly Arrival[];
      }>();
      const left = batches.leftJoin(arrivals.batches(), { on: 'plane' });
      expectTypeOf(rowOf(left).right).toEqualTypeOf<Arrival | null>();
      const windows = batches.reduceByKeyAndWindow({
        key: 'origin',
        value: 'delay',
        reduce: (one, other) => one + other,
        inverse: (one, other) => one - other,
        filter: (total) => total > 0,
        length: '1 hour',
        slide: '10 minutes',
      });
      expectTypeOf(rowOf(windows)).toEqualTypeOf<{
        readonly origin: string;
        readonly value: number;
      }>();
      const lists = batches.groupByKeyAndWindow({
        key: 'origin',
        length: '1 hour',
        slide: '1 hour',
      });
      expectTypeOf(rowOf(lists).value).toEqualTypeOf<readonly Departure[]>();
      expectTypeOf(rowOf(batches.window('1 hour', '1 hour'))).toEqualTypeOf<Departure>();
    });
  });
});

describe('what cannot run does not compile', () => {
  test('joins', () => {
    typesOnly(() => {
      // @ts-expect-error no field of both
      departed.join(landed, { on: 'origin' });
      // @ts-expect-error an inequality alone is no join
      departed.join(landed, { where: () => true });
      // @ts-expect-error an outer join needs a bound
      departed.join(landed, { type: 'left', on: 'plane' });
      const pairs = departed.join(landed, { on: 'plane' });
      pairs.to(s3('pairs'), { mode: 'append' });
      // @ts-expect-error pairs never change
      pairs.to(noop(), { mode: 'update' });
      // @ts-expect-error no aggregation
      pairs.to(noop(), { mode: 'complete' });
    });
  });

  test('windows and limits', () => {
    typesOnly(() => {
      // @ts-expect-error no watermark
      departures.keyBy('origin').window(session('1 hour'));
      // @ts-expect-error no watermark
      departures.dropDuplicatesWithinWatermark('plane');
      // @ts-expect-error no watermark
      departures.eventTime('at');
      // @ts-expect-error gaps of other rows
      departed.keyBy('origin').window(session((row: Arrival) => row.landedAt));
      const sessions = departed.keyBy('origin').window(session('1 hour')).aggregate({ n: count() });
      // @ts-expect-error a session that grows is taken back
      sessions.to(noop(), { mode: 'update' });
      // @ts-expect-error rows behind a limit never change
      departures.limit(3).to(noop(), { mode: 'update' });
      // @ts-expect-error without a key there is nothing to forget
      departures.dropDuplicates();
      // @ts-expect-error a list is no key
      departures.sample(0.5, 'nowhere');
    });
  });
});
