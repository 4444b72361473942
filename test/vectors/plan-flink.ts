// Turns the semantics of a Flink vector into a pipeline over rows `{ k, v, t }`. The watermark is given
// by the steps alone: the one that rows move is so far behind that nothing goes by it.

import { aggregateOf, begin, collected, type Flow, milliseconds, windows } from './api.ts';
import { expression, type Row } from './expressions.ts';
import { type Key, valueOfKey } from './functions.ts';
import { MAX_AHEAD } from './relation.ts';
import { onlyKnown, unknown, type Value } from './vector.ts';

export const SINK = 'results';
export const LATE_SINK = 'late';

interface WindowForm {
  readonly kind: string;
  readonly size?: number;
  readonly slide?: number;
  readonly gap?: number;
  readonly gapExpr?: string;
  readonly domain?: string;
}

export interface FlinkForm {
  readonly window?: WindowForm;
  readonly agg?: string;
  readonly output?: string;
  readonly lateness?: number;
  readonly trigger?: {
    readonly count?: number;
    readonly purge?: boolean;
    readonly continuousEventTime?: number;
  };
  readonly startTime?: number;
  readonly join?: {
    readonly lower: number;
    readonly upper: number;
    readonly lowerInclusive: boolean;
    readonly upperInclusive: boolean;
  };
}

export interface FlinkPlan {
  readonly pipeline: Flow;
  readonly watermarkShiftMs: number;
}

const FAR_BEHIND = milliseconds(36_500 * 86_400_000);

export function flinkPlan(semantics: Readonly<Record<string, unknown>>): FlinkPlan {
  const words = ['window', 'agg', 'output', 'lateness', 'trigger', 'startTime', 'join'];
  onlyKnown('semantics', semantics, words);
  const form = semantics as unknown as FlinkForm;
  if (form.join !== undefined) return joinPlan(form.join);
  const { window, trigger = {} } = form;
  if (window === undefined) return unknown('a plan', semantics);
  onlyKnown('a trigger', trigger, ['count', 'purge', 'continuousEventTime']);
  if (trigger.continuousEventTime !== undefined) return periodicPlan(form);
  if (trigger.count !== undefined) return countedPlan(form);
  // What has fired is gone anyhow unless late rows may come.
  if (trigger.purge === true && (form.lateness ?? 0) > 0) unknown('a trigger', trigger);
  return windowPlan(form, window);
}

function windowPlan(form: FlinkForm, window: WindowForm): FlinkPlan {
  const isByClock = window.domain === 'processing';
  const events = begin('vector', { inOneTask: true })('in', null);
  const timed = isByClock ? events.withProcessingTime() : given(events);
  const field = form.agg === 'count' ? null : 'v';
  const results = timed
    .keyBy('k')
    .window(windowOf(window), { allowedLateness: milliseconds(form.lateness ?? 0) })
    .aggregate({ result: aggregateOf(form.agg ?? 'sum', field) });
  const kept = isByClock ? results : results.onLate(collected(LATE_SINK)).named(LATE_SINK);
  return { pipeline: finished(kept, form), watermarkShiftMs: 1 };
}

/** Rows whose watermark is given from outside; it may begin before 1970, so that nothing is late. */
const given = (flow: Flow): Flow =>
  flow.withWatermark('t', FAR_BEHIND, {
    unit: 'milliseconds',
    maxAhead: MAX_AHEAD,
    beforeEpoch: true,
  });

function finished(flow: Flow, { output = 'key,sum' }: FlinkForm): Flow {
  const columns = output.split(',').map((name) => COLUMNS[name] ?? unknown('a column', name));
  return flow
    .map((row: Row) => ({ row: columns.map((read) => read(row)) }))
    .to(collected(SINK), { mode: 'append' })
    .named(SINK);
}

const timeOf = (row: Row, name: string) => Date.parse(row[name] as string);

const COLUMNS: Readonly<Record<string, (row: Row) => Value>> = {
  key: ({ k }) => k,
  sum: ({ result }) => result,
  count: ({ result }) => result,
  start: (row) => timeOf(row, 'windowStart'),
  end: (row) => timeOf(row, 'windowEnd'),
  windowMaxTimestamp: (row) => timeOf(row, 'windowEnd') - 1,
};

function windowOf({ kind, size = 0, slide = 0, gap = 0, gapExpr }: WindowForm): unknown {
  switch (kind) {
    case 'tumbling':
      return windows.tumbling(size);
    case 'sliding':
      return windows.sliding(size, slide);
    case 'session': {
      if (gapExpr === undefined) return windows.session(gap);
      const evaluate = expression(gapExpr);
      // A gap of nothing is a moment there, and takes the row away here.
      return windows.sessionBy((row: Row) => Math.max(1, evaluate(row) as number));
    }
    default:
      return unknown('a window', kind);
  }
}

interface TimedContext {
  readonly key: Key;
  readonly state: {
    readonly sum: { get(): number | undefined; set(sum: number): void };
    readonly next: { get(): number | undefined; set(ms: number): void };
  };
  readonly timers: { register(ms: number): void };
  emit(row: unknown): void;
}

/** One window for all time that gives out its sum at each boundary behind a key's first row. */
function periodicPlan({ window, trigger, output }: FlinkForm): FlinkPlan {
  if (window?.kind !== 'global') return unknown('a window with a periodic trigger', window);
  const interval = trigger!.continuousEventTime!;
  const flow = given(begin('vector', { inOneTask: true })('in', null))
    .keyBy('k')
    .process({
      state: { sum: { kind: 'value', ttlMs: null }, next: { kind: 'value', ttlMs: null } },
      timers: 'event-time',
      onRow({ v, t }: { v: number; t: number }, { state, timers }: TimedContext) {
        state.sum.set((state.sum.get() ?? 0) + v);
        if (state.next.get() !== undefined) return;
        const next = Math.floor(t / interval) * interval + interval;
        state.next.set(next);
        timers.register(next);
      },
      onTimer(atMs: number, { key, state, timers, emit }: TimedContext) {
        emit({ k: valueOfKey(key), result: state.sum.get() ?? 0 });
        state.next.set(atMs + interval);
        timers.register(atMs + interval);
      },
    });
  return { pipeline: finished(flow, { output: output ?? 'key,sum' }), watermarkShiftMs: 0 };
}

/** A global window that fires after so many rows of a key. */
function countedPlan({ window, trigger, agg, output }: FlinkForm): FlinkPlan {
  if (window?.kind !== 'global' || trigger?.purge !== true) {
    return unknown('a trigger by count', { window, trigger });
  }
  const flow = given(begin('vector', { inOneTask: true })('in', null))
    .keyBy('k')
    .window(windows.counting(trigger.count!))
    .aggregate({ result: aggregateOf(agg ?? 'sum', agg === 'count' ? null : 'v') });
  return { pipeline: finished(flow, { output: output ?? 'key,sum' }), watermarkShiftMs: 1 };
}

function joinPlan(join: NonNullable<FlinkForm['join']>): FlinkPlan {
  onlyKnown('a join', join, ['lower', 'upper', 'lowerInclusive', 'upperInclusive']);
  const from = begin('vector', { inOneTask: true });
  const signed = (ms: number) => (ms < 0 ? `-${milliseconds(-ms)}` : milliseconds(ms));
  const pairs = given(from('left', null)).join(given(from('right', null)), {
    on: 'k',
    within: {
      from: signed(join.lower),
      to: signed(join.upper),
      fromInclusive: join.lowerInclusive,
      toInclusive: join.upperInclusive,
    },
  });
  const pipeline = pairs
    .map(({ left, right }: { left: Row; right: Row }) => ({ row: [left['t'], right['t']] }))
    .to(collected(SINK), { mode: 'append' })
    .named(SINK);
  return { pipeline, watermarkShiftMs: -1 };
}
