// What a join hands on: pairs as `{ left, right }`, with `null` for a side that is missing, and the
// window's bounds where it has windows; the left rows alone of a semi join.

import type { JoinNode } from '../plan/plan.ts';
import { formatTime } from '../time/event-time.ts';
import type { JoinRows } from './join-rows.ts';
import { LEFT } from './join-sides.ts';
import type { Pass, Push } from './pass.ts';
import { operatorFailed } from './record-fault.ts';
import { windowTimeOf } from './result-rows.ts';

/** A function of the user that decides about rows. */
export type Test = (...rows: unknown[]) => unknown;

/** A row of one side, as it is kept, and its event time. */
export interface Timed {
  readonly row: unknown;
  readonly timeMs: number;
}

export interface JoinResultsOptions {
  readonly node: JoinNode;
  readonly rows: JoinRows;
  readonly pass: Pass;
  readonly next: Push;
}

export class JoinResults {
  private readonly node: JoinNode;
  private readonly rows: JoinRows;
  private readonly pass: Pass;
  private readonly next: Push;

  constructor({ node, rows, pass, next }: JoinResultsOptions) {
    this.node = node;
    this.rows = rows;
    this.pass = pass;
    this.next = next;
  }

  /** Hands on a pair unless the join's condition refuses it; its time is that of the kept side. */
  pair(left: Timed, right: Timed, placeMs: number): boolean {
    const { node, rows, next } = this;
    const leftRow = rows.show(left.row);
    const rightRow = rows.show(right.row);
    if (node.where !== null && !this.holds(node.where as Test, leftRow, rightRow)) return false;
    const timeMs = this.timeOf(node.type === 'right' ? right : left, placeMs);
    next(node.type === 'semi' ? leftRow : this.resultOf(leftRow, rightRow, placeMs), timeMs);
    return true;
  }

  /** Hands on a row that meets no other, while its record passes. */
  alone(tag: 0 | 1, timed: Timed, placeMs: number): void {
    this.next(this.lonely(tag, timed.row, placeMs), this.timeOf(timed, placeMs));
  }

  /** Hands on a stored row that met no other, at the end of a batch. */
  aloneAtEnd(tag: 0 | 1, timed: Timed, placeMs: number): void {
    const row = this.lonely(tag, this.rows.show(timed.row), placeMs);
    this.pass.emit(this.next, row, this.timeOf(timed, placeMs));
  }

  /** Runs a condition of the user. */
  holds(test: Test, ...rows: unknown[]): boolean {
    try {
      return Boolean(test(...rows));
    } catch (thrown) {
      throw operatorFailed(this.node.uid, thrown);
    }
  }

  /** Rows that met in a window come out as late as it ends: behind the join they have its last moment. */
  private timeOf({ timeMs }: Timed, placeMs: number): number {
    const { window } = this.node;
    return window === null || window.sizeMs === 0 ? timeMs : windowTimeOf(placeMs + window.sizeMs);
  }

  private lonely(tag: 0 | 1, row: unknown, placeMs: number): object {
    return tag === LEFT ? this.resultOf(row, null, placeMs) : this.resultOf(null, row, placeMs);
  }

  private resultOf(left: unknown, right: unknown, placeMs: number): object {
    const { window } = this.node;
    if (window === null) return { left, right };
    return {
      left,
      right,
      windowStart: formatTime(placeMs),
      windowEnd: formatTime(placeMs + window.sizeMs),
    };
  }
}
