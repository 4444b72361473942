// Pipelines whose operators keep more than sums of windows: keys that were seen, sessions, user code
// with timers and timeouts, rows of two streams that wait for each other.

import {
  count,
  type GroupState,
  kinesis,
  max,
  pipeline,
  rowsOf,
  s3,
  session,
  sum,
  tumbling,
  value,
} from '../../../lib/index.ts';
import type { Sale } from '../oracle.ts';
import { joinedSales } from '../oracles/joins.ts';
import { distinctSessions } from '../oracles/sessions.ts';
import { type Report, reportsOfTimers } from '../oracles/timers.ts';
import { arrivalsOf } from './arrivals.ts';
import { type BuildScenario, bursts } from './build.ts';

/** Duplicates go, the rest are cut into sessions, and those are counted by windows. */
export const distinctVisits: BuildScenario = (seed, size) => ({
  name: 'distinct-visits',
  plan: () =>
    pipeline('visits')
      .from(kinesis<Sale>('events').partitionedBy('shop'))
      .withWatermark('at', '1 minute')
      .dropDuplicates('shop', 'at')
      .onLate(s3('late'))
      .keyBy('shop')
      .window(session('7 seconds'))
      .aggregate({ sales: count(), total: sum('amount') })
      .to(s3('sessions'), { mode: 'append' })
      .keyBy('shop')
      .window(tumbling('2 minutes'))
      .aggregate({ sessions: count(), most: max('sales') })
      .to(s3('windows'), { mode: 'append' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 9, 4),
    burstMax: bursts(size, 8, 4),
    pauseMaxMs: 40_000,
    stepMs: 5_000,
  }),
  shardCount: size === 'full' ? 2 : 1,
  ringSize: 5,
  batchSize: 10,
  expected: (logs) => distinctSessions(logs, { delayMs: 60_000, gapMs: 7_000, sizeMs: 120_000 }),
});

/** Counts that a timer gives out, or the third sale; and a word when a shop has been silent. */
export const rungReports: BuildScenario = (seed, size) => ({
  name: 'rung-reports',
  plan: () =>
    pipeline('reports')
      .from(kinesis<Sale>('events').partitionedBy('shop'))
      .withWatermark('at', '10 seconds')
      .keyBy('shop')
      .process({
        state: { sales: value<number>({ ttl: '90 seconds' }) },
        timers: 'event-time',
        emits: rowsOf<Report>(),
        onRow({ at }, { key: shop, state, timers, emit }) {
          const sales = (state.sales.get() ?? 0) + 1;
          if (sales === 3) {
            emit({ shop, rangAt: null, sales });
            state.sales.clear();
            for (const timeMs of timers.list()) timers.delete(timeMs);
          } else {
            state.sales.set(sales);
            timers.register(at + 30_000);
          }
        },
        onTimer(rangAt, { key: shop, state, emit }) {
          emit({ shop, rangAt, sales: state.sales.get() ?? 0 });
        },
      })
      .onLate(s3('late'))
      .to(s3('reports'), { mode: 'append' })
      .keyBy('shop')
      .flatMapGroupsWithState(
        (shop, reports, state: GroupState<number>) => {
          if (state.hasTimedOut) {
            const reported = state.get();
            state.remove();
            return [{ shop, reported, isSilent: true }];
          }
          const before = state.getOption() ?? 0;
          state.update(before + reports.length);
          state.setTimeoutDuration('1 minute');
          return [{ shop, reported: before + reports.length, isSilent: false }];
        },
        { timeout: 'processing-time' },
      )
      .to(s3('silence'), { mode: 'append' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 7, 4),
    burstMax: bursts(size, 6, 3),
    pauseMaxMs: 40_000,
    stepMs: 1_000,
  }),
  shardCount: size === 'full' ? 2 : 1,
  ringSize: 5,
  batchSize: 8,
  tickEveryMs: 45_000,
  expected: (logs) =>
    reportsOfTimers(logs, {
      delayMs: 10_000,
      afterMs: 30_000,
      ttlMs: 90_000,
      silenceMs: 60_000,
    }),
});

/** Two streams with several shards each share a log; what meets no other in time comes out alone. */
export const joinedStreams: BuildScenario = (seed, size) => ({
  name: 'joined-streams',
  plan: () => {
    const all = pipeline('joined', { inOneTask: true });
    const refunds = all.from(kinesis<Sale>('refunds')).withWatermark('at', '20 seconds');
    return all
      .from(kinesis<Sale>('events'))
      .withWatermark('at', '10 seconds', { idleTimeout: '2 minutes' })
      .join(refunds, {
        type: 'left',
        on: 'amount',
        within: { from: '-20 seconds', to: '30 seconds' },
      })
      .onLate(s3('late'))
      .to(s3('pairs'), { mode: 'append' })
      .map(({ left, right }) => ({ amount: left.amount, met: right === null ? 0 : 1 }))
      .keyBy('amount')
      .window(tumbling('1 minute'))
      .aggregate({ rows: count(), met: sum('met') })
      .to(s3('windows'), { mode: 'append' })
      .plan();
  },
  arrivals: ['events', 'refunds'].flatMap((source, index) =>
    arrivalsOf({
      seed: 2 * seed + index,
      bursts: bursts(size, 8, 3),
      burstMax: bursts(size, 6, 3),
      pauseMaxMs: 30_000,
    }).map((arrival) => ({ ...arrival, source })),
  ),
  shardCount: size === 'full' ? 2 : 1,
  ringSize: 8,
  batchSize: 8,
  resharding: true,
  tickEveryMs: 45_000,
  expected: (logs) =>
    joinedSales(logs, {
      left: { source: 'events', delayMs: 10_000, idleAfterMs: 120_000 },
      right: { source: 'refunds', delayMs: 20_000, idleAfterMs: Infinity },
      fromMs: -20_000,
      toMs: 30_000,
      sizeMs: 60_000,
    }),
});
