// Windows of event time that are kept for late rows, against an evaluation that keeps the rows of each
// window and decides anew for each row and batch.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AggregateSpec, TimeWindowSpec } from '../../lib/plan/plan.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { PassDrive } from '../support/passes.ts';
import { aggregationPlan } from '../support/window-plans.ts';
import { cases } from './cases.ts';

interface Event {
  readonly id: number;
  readonly at: number;
  readonly key: string;
}
type Row = Record<string, unknown>;

const DELAY_MS = 20;

const events = fc
  .array(
    fc.record({
      step: fc.integer({ min: 0, max: 30 }),
      back: fc.integer({ min: 0, max: 100 }),
      key: fc.constantFrom('a', 'b'),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((steps) => {
    let newest = 1_000;
    return steps.map(({ step, back, key }, id): Event => {
      const at = newest + step - back;
      newest = Math.max(newest, at);
      return { id, at, key };
    });
  });

const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });

const planOf = (window: TimeWindowSpec, allowedLatenessMs: number, ordered: boolean) => {
  const ids = {
    kind: ordered ? 'collectList' : 'collectSet',
    input: { kind: 'field', field: 'id' },
    decimalScale: null,
  } satisfies AggregateSpec;
  return aggregationPlan({ window, allowedLatenessMs, aggregates: { ids } }, 'append', {
    delayMs: DELAY_MS,
  });
};

interface Group {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly ids: readonly number[];
  /** Whether it has come out as it is. */
  readonly isOut: boolean;
}

class Naive {
  private readonly window: TimeWindowSpec;
  private readonly latenessMs: number;
  private groups: Group[] = [];
  private watermarkMs = 0;

  constructor(window: TimeWindowSpec, latenessMs: number) {
    this.window = window;
    this.latenessMs = latenessMs;
  }

  push(batch: readonly Event[]) {
    let late = 0;
    const goneMs = this.watermarkMs - this.latenessMs;
    for (const event of batch) {
      const open = this.windowsOf(event.at).filter(({ end }) => end > goneMs);
      if (open.length === 0) late += 1;
      for (const { start, end } of open) this.add(event, start, end);
      this.newestMs = Math.max(this.newestMs, event.at);
    }
    this.watermarkMs = Math.max(this.watermarkMs, this.newestMs - DELAY_MS);
    const out = this.groups.filter(({ end, isOut }) => !isOut && end <= this.watermarkMs);
    this.groups = this.groups
      .map((group) => (out.includes(group) ? { ...group, isOut: true } : group))
      .filter(({ end }) => end + this.latenessMs > this.watermarkMs);
    return { late, rows: out.map(shownGroup) };
  }

  groupCount(): number {
    return this.groups.length;
  }

  private newestMs = Number.NEGATIVE_INFINITY;

  private add({ id, key }: Event, start: number, end: number): void {
    const known = this.groups.find((group) => group.key === key && group.start === start);
    const ids = [...(known?.ids ?? []), id];
    this.groups = this.groups.filter((group) => group !== known);
    this.groups.push({ key, start, end, ids, isOut: false });
  }

  private windowsOf(at: number) {
    const { sizeMs, slideMs } = this.window;
    if (sizeMs === 0) return [{ start: at, end: at }];
    const windows = [];
    for (let start = Math.floor(at / slideMs) * slideMs; start > at - sizeMs; start -= slideMs) {
      windows.push({ start, end: start + sizeMs });
    }
    return windows;
  }
}

const shownGroup = ({ key, start, end, ids }: Group): Row => ({
  key,
  windowStart: new Date(start).toISOString(),
  windowEnd: new Date(end).toISOString(),
  ids: ids.toSorted((left, right) => left - right),
});

const inOrder = (rows: readonly Row[] = []) =>
  rows.toSorted((left, right) =>
    `${left['windowStart']} ${left['key']}` < `${right['windowStart']} ${right['key']}` ? -1 : 1,
  );

const WINDOWS: Readonly<Record<string, TimeWindowSpec>> = {
  tumbling: { kind: 'time', sizeMs: 30, slideMs: 30 },
  sliding: { kind: 'time', sizeMs: 40, slideMs: 20 },
  uneven: { kind: 'time', sizeMs: 50, slideMs: 20 },
  instants: { kind: 'time', sizeMs: 0, slideMs: 1 },
};

describe.each(Object.entries(WINDOWS))('%s windows', (_, window) => {
  test.each([0, 25, 60])(
    'kept for %i ms come out as an evaluation of all rows says',
    (latenessMs) => {
      const plans = [true, false].map((ordered) => planOf(window, latenessMs, ordered));
      fc.assert(
        fc.property(events, cuts, fc.constantFrom(...plans), (all, sizes, plan) => {
          const drive = new PassDrive(plan);
          const naive = new Naive(window, latenessMs);
          for (let from = 0, batch = 0; from < all.length; batch += 1) {
            const to = from + sizes[batch % sizes.length]!;
            const { rows, result } = drive.push(all.slice(from, to));
            const expected = naive.push(all.slice(from, to));
            expect(inOrder(rows['out'])).toEqual(inOrder(expected.rows));
            expect(result.counts.late).toBe(expected.late);
            drive.state = KeyedState.fromSegments(
              drive.state.encodeSegments().map(({ bytes }) => bytes),
            );
            from = to;
          }
          // Panes are other rows of state than the windows they make up.
          const isWhole = window.slideMs === window.sizeMs || window.sizeMs === 0;
          if (isWhole) expect(drive.state.rowCount()).toBe(naive.groupCount());
        }),
        cases(300),
      );
    },
  );
});
