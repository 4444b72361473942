// The watermark of a batch, from the clocks of all declared watermarks. With one clock it is the
// clock's own, and the header of the commit holds it. With several, how far each has come is kept as
// state, since the log's watermark is the least of them (or the greatest, by policy), and stands still
// at its start until each has seen a row. It never goes back.

import { hashOfKey, keyGroupOf } from '../model/hash-range.ts';
import type { PlanOptions } from '../plan/plan.ts';
import type { OperatorDraft, StateSchema } from '../state/operator-draft.ts';
import { advanceWatermark } from '../time/watermark.ts';
import type { Pass } from './pass.ts';
import type { WatermarkClock } from './watermark-clock.ts';

/** The uid under which state keeps how far clocks have come; no operator of a plan may have it. */
export const WATERMARKS_UID = 'watermarks';

const SCHEMA: StateSchema = {
  id: 'watermarks: reached, last row at',
  columns: [
    { kind: 'number', initial: Number.NaN },
    { kind: 'number', initial: Number.NaN },
  ],
};
const REACHED = 0;
const SEEN_AT = 1;
/** The key of the watermark that eviction last went by, where batches without data are off. */
const EVICTED = '\u0000evicted';

export interface ProgressOptions extends Pick<PlanOptions, 'watermarkPolicy' | 'noDataBatches'> {
  /** Where the watermark begins; `null`: nowhere, so that no row is late before the first. */
  readonly startMs: 0 | null;
}

/** What lateness and closing of one batch go by, and what the commit remembers. */
export interface BatchWatermarks {
  readonly lateMs: number | null;
  readonly closedMs: number | null;
  readonly committedMs: number | null;
}

export class WatermarkProgress {
  private readonly pass: Pass;
  private readonly options: ProgressOptions;

  constructor(pass: Pass, options: ProgressOptions) {
    this.pass = pass;
    this.options = options;
  }

  /** What the late filter of a batch goes by, given the watermark of the commit before. */
  lateMs(committedMs: number | null): number | null {
    if (this.options.noDataBatches) return this.started(committedMs);
    return this.started(numberOrNull(this.read(EVICTED, REACHED)));
  }

  /**
   * The watermarks after the records of a batch. `given` is a watermark from outside that holds as if
   * every clock had reached it.
   */
  advance(committedMs: number | null, given: number | null): Omit<BatchWatermarks, 'lateMs'> {
    const next = advanceWatermark(this.reach(committedMs), given, 0);
    if (this.options.noDataBatches) return { closedMs: this.started(next), committedMs: next };
    const closedMs = this.started(committedMs);
    if (closedMs !== null && closedMs !== this.read(EVICTED, REACHED)) {
      this.write(EVICTED, REACHED, closedMs);
    }
    return { closedMs, committedMs: next };
  }

  private reach(committedMs: number | null): number | null {
    const { clocks, batchTimeMs } = this.pass;
    const [only] = clocks;
    if (only === undefined) return committedMs;
    if (clocks.length === 1) {
      return only.maxSeenMs === Number.NEGATIVE_INFINITY
        ? committedMs
        : this.atLeastStart(advanceWatermark(committedMs, only.maxSeenMs, only.delayMs));
    }
    const reached = clocks.map((clock) => {
      const before = numberOrNull(this.read(clock.uid, REACHED));
      if (clock.maxSeenMs === Number.NEGATIVE_INFINITY) {
        return { ms: before, idle: this.isIdle(clock, batchTimeMs) };
      }
      const ms = advanceWatermark(before, clock.maxSeenMs, clock.delayMs)!;
      this.write(clock.uid, REACHED, ms);
      this.write(clock.uid, SEEN_AT, batchTimeMs);
      return { ms, idle: false };
    });
    const active = reached.some(({ idle }) => !idle)
      ? reached.filter(({ idle }) => !idle)
      : reached;
    const isMin = this.options.watermarkPolicy === 'min';
    const times = active.flatMap(({ ms }) => (ms === null ? [] : [ms]));
    // The least of all is not known before each has seen a row.
    if (times.length === 0 || (isMin && times.length < active.length)) return committedMs;
    const policy = isMin ? Math.min : Math.max;
    return this.atLeastStart(advanceWatermark(committedMs, policy(...times), 0));
  }

  /** Whether no row has come for so long; the time before the first row counts from the first batch on. */
  private isIdle({ uid, idleTimeoutMs }: WatermarkClock, batchTimeMs: number): boolean {
    if (idleTimeoutMs === null) return false;
    const seenAtMs = this.read(uid, SEEN_AT);
    if (Number.isNaN(seenAtMs)) this.write(uid, SEEN_AT, batchTimeMs);
    return batchTimeMs - seenAtMs >= idleTimeoutMs;
  }

  private started(ms: number | null): number | null {
    return ms ?? this.options.startMs;
  }

  private atLeastStart(ms: number | null): number | null {
    const { startMs } = this.options;
    return startMs === null || ms === null ? ms : Math.max(ms, startMs);
  }

  private read(name: string, column: number): number {
    const { keys, table } = this.progress();
    const base = table.base;
    const id = keyId(keys, name);
    const slot = table.rows.find(id);
    if (slot >= 0) return (table.rows.columns[column] as Float64Array)[slot]!;
    const baseSlot = base === null ? -1 : base.find(id);
    return baseSlot < 0 ? Number.NaN : (base!.columns[column] as Float64Array)[baseSlot]!;
  }

  private write(name: string, column: number, value: number): void {
    const { keys, table } = this.progress();
    const slot = table.touch(keyId(keys, name));
    (table.rows.columns[column] as Float64Array)[slot] = value;
  }

  private progress() {
    const draft = this.pass.draft.operator(WATERMARKS_UID, SCHEMA);
    return { keys: draft.keys, table: draft.table(0) };
  }
}

const keyId = (keys: OperatorDraft['keys'], name: string) =>
  keys.intern(name, keyGroupOf(hashOfKey(name)));

const numberOrNull = (value: number) => (Number.isNaN(value) ? null : value);
