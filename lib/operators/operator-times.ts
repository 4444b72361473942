// The times that an operator with user code goes by. Rows are late by the watermark of the commit
// before; while the batch closes, user code sees the watermark that the batch has reached. What comes
// out must not be late further down, where lateness goes by that of the commit before, too.

import type { GroupWatermarks } from './group-watermarks.ts';
import type { Pass } from './pass.ts';
import type { OperatorContext } from './stateful-operator.ts';

export class OperatorTimes {
  /** Whether rows have event times. */
  readonly timed: boolean;
  /** Watermarks as user code sees them now. */
  current!: GroupWatermarks;
  private readonly pass: Pass;
  private readonly behindMs: number;
  private previous!: GroupWatermarks;

  constructor({ pass, behindMs, timed }: OperatorContext) {
    this.pass = pass;
    this.behindMs = behindMs;
    this.timed = timed[0]!;
  }

  begin(): void {
    this.previous = this.pass.previous.behind(this.behindMs);
    this.current = this.previous;
  }

  get batchTimeMs(): number {
    return this.pass.batchTimeMs;
  }

  /** Whether a row with this time would be late, here and further down. */
  isLate(timeMs: number, keyGroup: number): boolean {
    return this.timed && timeMs <= this.previous.of(keyGroup);
  }

  /** The watermark by which rows of a key group are late. */
  lateMs(keyGroup: number): number {
    return this.previous.of(keyGroup);
  }

  /** The event time of a row that comes out at `timeMs` and may not be late. */
  outTime(timeMs: number, keyGroup: number): number {
    return this.timed ? Math.max(timeMs, this.previous.of(keyGroup) + 1) : timeMs;
  }

  /** The event time of a row that comes out because the clock says so. */
  clockTime(keyGroup: number): number {
    return this.timed ? this.outTime(this.pass.batchTimeMs, keyGroup) : Number.NaN;
  }
}
