// What operators share while one batch passes through them. The wiring is made once per sandbox; a
// pass is begun for each batch and holds all that changes, so that nothing is left of a batch that
// failed.

import { assert } from '../model/assert.ts';
import type { HashRange } from '../model/hash-range.ts';
import type { StateDraft } from '../state/draft.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import type { RecordFault } from './record-fault.ts';
import { type DeclaredClock, WatermarkClock } from './watermark-clock.ts';

/** Hands a row on; `timeMs` is its event time, NaN before a watermark is declared. */
export type Push = (row: unknown, timeMs: number) => void;

/** Rows of a static table by the text of their key. */
export type TableRows = ReadonlyMap<string, readonly unknown[]>;

/** Runs an action that must leave no trace when a row is at fault. */
export interface Attempts {
  /** Takes back what the action did to state and outputs when it throws, and gives the fault. */
  attempt(action: () => void): RecordFault | null;
  /** Sets a row that has no one record to blame aside. */
  setAside(fault: RecordFault, row: unknown): void;
}

/** What a batch begins with. */
export interface PassStart {
  readonly draft: StateDraft;
  readonly hashRange: HashRange;
  readonly previous: GroupWatermarks;
  readonly batchTimeMs: number;
  /** Rows of static tables by the uid of the node that joins with them. */
  readonly tables: ReadonlyMap<string, TableRows>;
}

/** The mutable side of one batch. */
export class Pass {
  draft!: StateDraft;
  hashRange!: HashRange;
  /** What the late filter goes by: watermarks of the previous commit. */
  previous!: GroupWatermarks;
  /** When the batch began, never before the one that went before it. */
  batchTimeMs = 0;
  tables: ReadonlyMap<string, TableRows> = new Map();
  /** One per declared watermark, in the order of the plan. */
  readonly clocks: WatermarkClock[] = [];
  /** Arrival time of the record that passes now. */
  arrivedAtMs = 0;
  /** Whether a row of the record that passes now reached a keyed operator or a sink. */
  reached = false;
  /** Rows of the record that passes now that came too late for at least one window. */
  lateRows = 0;
  private readonly attempts: Attempts;

  constructor(attempts: Attempts) {
    this.attempts = attempts;
  }

  /** Adds a declared watermark; its operator moves it. */
  addClock(clock: DeclaredClock): WatermarkClock {
    assert(
      this.clocks.every(({ uid }) => uid !== clock.uid),
      'a watermark is wired once',
    );
    const added = new WatermarkClock(clock);
    this.clocks.push(added);
    return added;
  }

  /** Begins a batch. */
  begin(batch: PassStart): void {
    this.draft = batch.draft;
    this.hashRange = batch.hashRange;
    this.previous = batch.previous;
    this.batchTimeMs = batch.batchTimeMs;
    this.tables = batch.tables;
    for (const clock of this.clocks) clock.begin(batch.batchTimeMs);
  }

  /** Begins a record. */
  beginRecord(arrivedAtMs: number): void {
    this.arrivedAtMs = arrivedAtMs;
    this.reached = false;
    this.lateRows = 0;
    for (let index = 0; index < this.clocks.length; index += 1) this.clocks[index]!.beginRecord();
  }

  /** The record stayed: its time moves the watermark. */
  endRecord(): void {
    for (let index = 0; index < this.clocks.length; index += 1) this.clocks[index]!.endRecord();
  }

  /**
   * Hands on a row that comes out after the records of the batch, such as the row of a closed window.
   * One that cannot be processed further down is set aside, and nothing of it stays.
   */
  emit(push: Push, row: unknown, timeMs: number): void {
    this.run(() => push(row, timeMs), row);
  }

  /**
   * Runs what has no one record to blame, such as the call for a group; `about` is set aside when it
   * fails, and what it did to state and outputs is taken back. Calls do not nest: an emit inside of it
   * is part of it.
   */
  run(action: () => void, about: unknown): void {
    if (this.isRunning) {
      action();
      return;
    }
    this.isRunning = true;
    try {
      const fault = this.attempts.attempt(action);
      if (fault !== null) this.attempts.setAside(fault, about);
    } finally {
      this.isRunning = false;
    }
  }

  private isRunning = false;
}
