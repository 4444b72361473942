import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  aggregator,
  avg,
  count,
  dynamodb,
  first,
  kinesis,
  last,
  max,
  min,
  pipeline,
  s3,
  sliding,
  stddev,
  sum,
  tumbling,
} from '../../lib/index.ts';
import type { Plan } from '../../lib/plan/plan.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { ARRIVAL_MS, PassDrive } from '../support/passes.ts';
import { cases } from './cases.ts';

interface Event {
  readonly at: number;
  readonly key: string;
  readonly value: number | null;
}

const DELAY_MS = 60_000;
const T0 = ARRIVAL_MS - (ARRIVAL_MS % 600_000);

/** Events in an order in which none is more than the delay behind the newest before it. */
const orderly = fc
  .array(
    fc.record({
      step: fc.integer({ min: 0, max: 90_000 }),
      back: fc.integer({ min: 0, max: DELAY_MS - 1 }),
      key: fc.constantFrom('a', 'b', '', '__proto__', 'é'),
      value: fc.option(
        fc.oneof(
          fc.integer({ min: -1_000, max: 1_000 }),
          fc.integer({ min: -1e6, max: 1e6 }).map((part) => part / 997),
        ),
        {
          nil: null,
        },
      ),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map((steps) => {
    let newest = T0;
    return steps.map(({ step, back, key, value }): Event => {
      const at = newest + step - back;
      newest = Math.max(newest, at);
      return { at, key, value };
    });
  });

const cuts = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 8 });

type Window = { readonly sizeMs: number; readonly slideMs: number };
const WINDOWS = {
  tumbling: { sizeMs: 120_000, slideMs: 120_000 },
  sliding: { sizeMs: 120_000, slideMs: 40_000 },
  uneven: { sizeMs: 120_000, slideMs: 50_000 },
} as const;

function planOf({ sizeMs, slideMs }: Window, mode: 'append' | 'update', ordered: boolean): Plan {
  const window =
    sizeMs === slideMs
      ? tumbling(`${sizeMs} milliseconds`)
      : sliding(`${sizeMs} milliseconds`, `${slideMs} milliseconds`);
  const aggregates = {
    rows: count(),
    values: count('value'),
    total: sum('value'),
    mean: avg('value'),
    least: min('value'),
    greatest: max('value'),
    spread: stddev('value'),
  };
  const grouped = pipeline('p')
    .from(kinesis<{ at: number; key: string; value: number }>('events').partitionedBy('key'))
    .withWatermark('at', '1 minute')
    .keyBy('key')
    .window(window);
  const texts = aggregator({
    zero: () => '',
    add: (text: string, event: { value: number }) => `${text}|${event.value}`,
    merge: (left, right) => left + right,
    result: (text) => text,
  });
  const stream = ordered
    ? grouped.aggregate({ ...aggregates, head: first('value'), tail: last('value'), texts })
    : grouped.aggregate({ ...aggregates, head: count(), tail: count(), texts: count() });
  return mode === 'append'
    ? stream.to(s3('rows', { partitionBy: 'none' }), { mode: 'append' }).plan()
    : stream.to(dynamodb('rows'), { mode: 'update' }).plan();
}

/** The same answers by one naive loop over all events and all windows. */
function naive(events: readonly Event[], window: Window, ordered: boolean) {
  const groups = new Map<string, Event[]>();
  for (const event of events) {
    const last = Math.floor(event.at / window.slideMs) * window.slideMs;
    for (let start = last; start > event.at - window.sizeMs; start -= window.slideMs) {
      const name = `${start} ${event.key}`;
      groups.set(name, [...(groups.get(name) ?? []), event]);
    }
  }
  return new Map([...groups].map(([name, members]) => [name, resultOf(members, ordered)] as const));
}

function resultOf(members: readonly Event[], ordered: boolean) {
  const values = members.map(({ value }) => value).filter((value) => value !== null);
  const total = values.length === 0 ? null : values.reduce((left, right) => left + right);
  const mean = total === null ? null : total / values.length;
  const squares = values.reduce((left, right) => left + (right - mean!) ** 2, 0);
  return {
    rows: members.length,
    values: values.length,
    total,
    mean,
    least: values.length === 0 ? null : Math.min(...values),
    greatest: values.length === 0 ? null : Math.max(...values),
    spread: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)),
    head: ordered ? (values[0] ?? null) : members.length,
    tail: ordered ? (values.at(-1) ?? null) : members.length,
    texts: ordered ? members.map(({ value }) => `|${value}`).join('') : members.length,
  };
}

/** Asserts only where values differ: an assertion costs more than what it compares. */
function expectSame(actual: Record<string, unknown>, expected: Record<string, unknown>) {
  for (const [name, value] of Object.entries(expected)) {
    if (!isClose(actual[name], value)) expect({ [name]: actual[name] }).toEqual({ [name]: value });
  }
}

function isClose(actual: unknown, expected: unknown): boolean {
  if (typeof actual !== 'number' || typeof expected !== 'number') return actual === expected;
  return Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
}

function* batchesOf(
  events: readonly Event[],
  sizes: readonly number[],
): Generator<readonly Event[]> {
  for (let from = 0, batch = 0; from < events.length; batch += 1) {
    const size = sizes[batch % sizes.length]!;
    yield events.slice(from, from + size);
    from += size;
  }
}

const nameOf = (row: Record<string, unknown>) =>
  `${Date.parse(String(row['windowStart']))} ${String(row['key'])}`;

describe.each(Object.entries(WINDOWS))('%s windows', (_, window) => {
  test('any cut into batches gives the rows of one naive pass, whether their order counts or not', () => {
    const plans = [true, false].map((ordered) => ({
      ordered,
      update: planOf(window, 'update', ordered),
      append: planOf(window, 'append', ordered),
    }));
    fc.assert(
      fc.property(orderly, cuts, fc.constantFrom(...plans), (events, sizes, plan) => {
        const { ordered, update, append } = plan;
        const expected = naive(events, window, ordered);
        const upserts = new PassDrive(update);
        const files = new PassDrive(append);
        const table = new Map<string, Record<string, unknown>>();
        const closed = new Map<string, Record<string, unknown>>();
        const closing = { at: T0 + 50_000_000, key: 'closing', value: null };
        for (const batch of [...batchesOf(events, sizes), [closing]]) {
          const answer = upserts.push(batch);
          expect(answer.result.counts.late + answer.result.counts.lateRows).toBe(0);
          for (const row of Object.values(answer.rows)[0] ?? []) table.set(nameOf(row), row);
          for (const row of Object.values(files.push(batch).rows)[0] ?? []) {
            expect(closed.has(nameOf(row))).toBe(false);
            closed.set(nameOf(row), row);
          }
        }
        for (const name of [...table.keys()]) if (name.endsWith('closing')) table.delete(name);
        expect([...closed.keys()].sort()).toEqual([...expected.keys()].sort());
        expect([...table.keys()].sort()).toEqual([...expected.keys()].sort());
        for (const [name, row] of expected) {
          expectSame(table.get(name)!, row);
          expectSame(closed.get(name)!, row);
        }
      }),
      cases(),
    );
  });

  test('warm, cold and replayed states go on alike', () => {
    const plan = planOf(window, 'append', true);
    fc.assert(
      fc.property(orderly, cuts, (events, sizes) => {
        const warm = new PassDrive(plan);
        const cold = new PassDrive(plan);
        const replica = KeyedState.empty();
        for (const batch of batchesOf(events, sizes)) {
          cold.state = KeyedState.fromSegments(
            cold.state.encodeSegments().map(({ bytes }) => bytes),
          );
          warm.pass(batch.toReversed());
          const [left, right] = [warm.pass(batch), cold.pass(batch)];
          expect(right.rows).toEqual(left.rows);
          expect(Buffer.from(right.delta).equals(Buffer.from(left.delta))).toBe(true);
          replica.applyDelta(left.delta);
          warm.state.adopt(left.result.draft);
          cold.state.adopt(right.result.draft);
          warm.watermarkMs = left.result.watermarkMs;
          cold.watermarkMs = right.result.watermarkMs;
          const [live, replayed] = [warm.state, replica].map((state) =>
            state.encodeSegments().map(({ bytes }) => Buffer.from(bytes).toString('base64')),
          );
          expect(replayed).toEqual(live);
        }
      }),
      cases(),
    );
  });
});

test('every record is in exactly one class, whatever comes', () => {
  const plan = planOf(WINDOWS.sliding, 'append', false);
  const anything = fc.oneof(
    fc.record({
      at: fc.oneof(fc.integer({ min: T0 - 10_000_000, max: T0 + 10_000_000 }), fc.jsonValue()),
      key: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
      value: fc.oneof(fc.double(), fc.jsonValue()),
    }),
    fc.jsonValue(),
    fc.string(),
  );
  fc.assert(
    fc.property(
      fc.array(fc.array(anything, { minLength: 1, maxLength: 6 }), { maxLength: 3 }),
      (batches) => {
        const drive = new PassDrive(plan);
        let watermarkMs = Number.NEGATIVE_INFINITY;
        for (const batch of batches) {
          const { result, dead } = drive.push(batch.map((event) => JSON.stringify(event)));
          const { dead: deadCount, late, filtered, applied } = result.counts;
          expect(deadCount + late + filtered + applied).toBe(batch.length);
          expect(dead.length).toBe(deadCount);
          expect(result.watermarkMs ?? watermarkMs).toBeGreaterThanOrEqual(watermarkMs);
          watermarkMs = result.watermarkMs ?? watermarkMs;
        }
      },
    ),
    cases(),
  );
});
