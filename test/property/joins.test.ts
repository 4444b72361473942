import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JoinType, TimeBound } from '../../lib/plan/plan.ts';
import {
  bytesOf,
  fromSnapshot,
  JoinDrive,
  type JoinOptions,
  keyOf,
  type SideName,
} from '../support/joins.ts';
import { cases } from './cases.ts';

/** Times lie this far apart, so that few of them meet several buckets of state. */
const STEP_MS = 700;

interface Row {
  readonly k: string | null;
  readonly t: number;
  readonly v: number;
}

type Arrival = readonly [SideName, Row];

const steps = (min: number, max: number) =>
  fc.integer({ min, max }).map((count) => count * STEP_MS);
const row: fc.Arbitrary<Row> = fc.record({
  k: fc.constantFrom('a', 'a', 'a', 'b', null),
  t: steps(0, 15),
  v: fc.integer({ min: 0, max: 5 }),
});
const arrival: fc.Arbitrary<Arrival> = fc.tuple(fc.constantFrom<SideName>('left', 'right'), row);
/** Time goes on from batch to batch, and rows lie around it. */
const batches = fc
  .array(
    fc.record({ ahead: steps(0, 12), rows: fc.array(arrival, { minLength: 1, maxLength: 8 }) }),
    { minLength: 1, maxLength: 8 },
  )
  .map((all) => {
    let now = 0;
    return all.map(({ ahead, rows }) => {
      now += ahead;
      return rows.map(([side, each]): Arrival => [side, { ...each, t: each.t + now }]);
    });
  });

const edge = fc.option(steps(-6, 6), { nil: null });
const within: fc.Arbitrary<TimeBound> = fc
  .tuple(edge, edge, fc.boolean(), fc.boolean())
  .map(([one, other, lowerInclusive, upperInclusive]) => {
    const reversed = one !== null && other !== null && one > other;
    const [lowerMs, upperMs] = reversed ? [other, one] : [one, other];
    // A bound that no time can meet is none.
    const isPoint = lowerMs !== null && lowerMs === upperMs;
    return {
      lowerMs,
      lowerInclusive: lowerInclusive || isPoint,
      upperMs,
      upperInclusive: upperInclusive || isPoint,
    };
  });
const window = fc.constantFrom(
  { kind: 'time', sizeMs: 2_800, slideMs: 2_800 } as const,
  { kind: 'time', sizeMs: 2_800, slideMs: 700 } as const,
  { kind: 'time', sizeMs: 100, slideMs: 100 } as const,
  { kind: 'time', sizeMs: 0, slideMs: 1 } as const,
);
const delay = fc.option(steps(0, 5), { nil: null });
/** Each part of a join is there in half of the cases. */
const maybe = <Part>(part: fc.Arbitrary<Part>) => fc.option(part, { nil: null, freq: 1 });
const code = <Code>(value: Code) => maybe(fc.constant(value));

const joins: fc.Arbitrary<Required<Omit<JoinOptions, 'behind' | 'lateSink'>>> = fc.record({
  type: fc.constantFrom<JoinType>('inner', 'left', 'right', 'full', 'semi'),
  leftKey: fc.constant(keyOf('k')),
  rightKey: fc.constant(keyOf('k')),
  nullSafe: fc.boolean(),
  within: fc.option(within, { nil: null }),
  window: maybe(window),
  where: code((left: Row, right: Row) => (left.v + right.v) % 2 === 0),
  leftWhere: code((left: Row) => left.v > 1),
  rightWhere: code((right: Row) => right.v < 4),
  delays: fc.record({ left: delay, right: delay }),
});

interface Stored {
  readonly row: Row;
  readonly start: number;
  met: boolean;
}

/** The join in the plainest way: all rows that may still meet one, looked through again each time. */
class NaiveJoin {
  private readonly stored: Record<SideName, Stored[]> = { left: [], right: [] };
  private readonly options: Required<Omit<JoinOptions, 'behind' | 'lateSink'>>;
  private out: string[] = [];
  private late = 0;
  private watermarkMs = 0;

  constructor(options: NaiveJoin['options']) {
    this.options = options;
  }

  push(rows: readonly Arrival[], nextWatermarkMs: number) {
    this.out = [];
    this.late = 0;
    for (const [side, each] of rows) this.take(side, each);
    this.watermarkMs = nextWatermarkMs;
    for (const side of ['left', 'right'] as const) {
      const useless = this.stored[side].filter((each) => this.isUseless(side, each));
      for (const each of useless) if (this.keeps(side) && !each.met) this.giveAlone(side, each);
      this.stored[side] = this.stored[side].filter((each) => !useless.includes(each));
    }
    const stored = this.stored.left.length + this.stored.right.length;
    return { rows: this.out.toSorted(), late: this.late, stored };
  }

  private take(side: SideName, each: Row): void {
    const { leftWhere, rightWhere, nullSafe, window } = this.options;
    const own = (side === 'left' ? leftWhere : rightWhere) as ((row: Row) => boolean) | null;
    const holds = own === null || own(each);
    const canMeet = holds && (nullSafe || each.k !== null);
    if (!canMeet && !this.keeps(side)) return;
    const starts = window === null ? [Number.NaN] : windowsOf(each.t, window);
    const isLate = (start: number) =>
      this.options.delays[side] !== null &&
      (window === null ? each.t : start + window.sizeMs) <= this.watermarkMs;
    if (starts.some(isLate)) this.late += 1;
    for (const start of starts.filter((start) => !isLate(start))) {
      const mine: Stored = { row: each, start, met: false };
      if (!holds) {
        this.giveAlone(side, mine);
        continue;
      }
      if (canMeet) this.meet(side, mine);
      const { type } = this.options;
      if (type === 'semi' && side === 'left' && mine.met) continue;
      this.stored[side].push(mine);
    }
  }

  private meet(side: SideName, mine: Stored): void {
    const { type, where, window } = this.options;
    const test = where as ((left: Row, right: Row) => boolean) | null;
    for (const other of this.stored[side === 'left' ? 'right' : 'left']) {
      const [left, right] = side === 'left' ? [mine, other] : [other, mine];
      if (left.row.k !== right.row.k) continue;
      if (window !== null && left.start !== right.start) continue;
      if (!this.isWithin(right.row.t - left.row.t)) continue;
      // A closed window is empty, also for rows of a side that is never late.
      if (window !== null && this.isUseless('left', left)) continue;
      if (test !== null && !test(left.row, right.row)) continue;
      if (type !== 'semi') this.give(left.row, right.row, left.start);
      else if (!left.met) this.out.push(JSON.stringify(left.row));
      left.met = true;
      right.met = true;
      if (type === 'semi' && side === 'left') return;
    }
  }

  /** Whether no row at the watermark or above it could meet this one. */
  private isUseless(side: SideName, { row: { t }, start }: Stored): boolean {
    const { delays, window, within: bounds } = this.options;
    if (window !== null) {
      const timed = delays.left !== null || delays.right !== null;
      return timed && start + window.sizeMs <= this.watermarkMs;
    }
    if (delays[side === 'left' ? 'right' : 'left'] === null) return false;
    const edges = [bounds?.lowerMs, bounds?.upperMs].filter(
      (ms) => ms !== null && ms !== undefined,
    );
    const times = [this.watermarkMs, ...edges.flatMap((ms) => [t + ms, t - ms])];
    const others = times.flatMap((ms) => [ms - 0.5, ms, ms + 0.5, ms + 1e6]);
    return !others.some(
      (other) =>
        other >= this.watermarkMs && this.isWithin(side === 'left' ? other - t : t - other),
    );
  }

  private isWithin(aheadMs: number): boolean {
    const bounds = this.options.within;
    if (bounds === null) return true;
    const { lowerMs, lowerInclusive, upperMs, upperInclusive } = bounds;
    const above = lowerMs === null || aheadMs > lowerMs || (lowerInclusive && aheadMs === lowerMs);
    const below = upperMs === null || aheadMs < upperMs || (upperInclusive && aheadMs === upperMs);
    return above && below;
  }

  private keeps(side: SideName): boolean {
    return this.options.type === 'full' || this.options.type === side;
  }

  private giveAlone(side: SideName, { row: each, start }: Stored): void {
    if (side === 'left') this.give(each, null, start);
    else this.give(null, each, start);
  }

  private give(left: Row | null, right: Row | null, start: number): void {
    const { window } = this.options;
    const bounds =
      window === null
        ? {}
        : {
            windowStart: new Date(start).toISOString(),
            windowEnd: new Date(start + window.sizeMs).toISOString(),
          };
    this.out.push(JSON.stringify({ left, right, ...bounds }));
  }
}

function windowsOf(t: number, { sizeMs, slideMs }: { sizeMs: number; slideMs: number }): number[] {
  if (sizeMs === 0) return [t];
  const starts: number[] = [];
  for (let start = Math.ceil((t - sizeMs + 1) / slideMs) * slideMs; start <= t; start += slideMs) {
    starts.push(start);
  }
  return starts;
}

test('a join gives what a nested loop gives, batch by batch, also after cold starts', () => {
  fc.assert(
    fc.property(joins, batches, (options, all) => {
      const drive = new JoinDrive(options);
      const naive = new NaiveJoin(options);
      let followed = fromSnapshot(drive.state);
      for (const rows of all) {
        const { delta, dead, watermarkMs, ...given } = drive.pushInOrder(rows);
        expect(dead).toEqual([]);
        expect({
          rows: given.rows.map((each) => JSON.stringify(each)).toSorted(),
          late: given.late,
          stored: given.stored,
        }).toEqual(naive.push(rows, watermarkMs));
        followed.applyDelta(delta);
        expect(bytesOf(followed)).toBe(bytesOf(drive.state));
        followed = fromSnapshot(followed);
        drive.coldStart(fromSnapshot(drive.state));
      }
    }),
    cases(500),
  );
});

test('the same rows in other batches give the same pairs where none is late', () => {
  const untimed = joins.map((options) => ({ ...options, delays: { left: null, right: null } }));
  fc.assert(
    fc.property(
      untimed,
      fc.array(arrival, { minLength: 1, maxLength: 20 }),
      fc.nat(),
      (options, all, cut) => {
        const whole = new JoinDrive(options).pushInOrder(all).rows;
        const drive = new JoinDrive(options);
        const at = cut % all.length;
        const parts = [all.slice(0, at), all.slice(at)].filter((part) => part.length > 0);
        expect(parts.flatMap((part) => drive.pushInOrder(part).rows)).toEqual(whole);
      },
    ),
    cases(),
  );
});
