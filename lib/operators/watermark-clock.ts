export type DeclaredClock = Pick<WatermarkClock, 'uid' | 'delayMs' | 'idleTimeoutMs' | 'byBatch'>;

/** How far event time has come where a watermark is declared. */
export class WatermarkClock {
  readonly uid: string;
  readonly delayMs: number;
  /** After so long without a row it holds no other back; `null`: it always does. */
  readonly idleTimeoutMs: number | null;
  /** Whether it follows the time of the batches and not that of rows. */
  readonly byBatch: boolean;
  /** Greatest event time of the records of this batch that stayed, -Infinity before any. */
  maxSeenMs = Number.NEGATIVE_INFINITY;
  /** Greatest event time of the record that passes now; it counts once the record has stayed. */
  private recordMaxMs = Number.NEGATIVE_INFINITY;

  constructor(declared: DeclaredClock) {
    this.uid = declared.uid;
    this.delayMs = declared.delayMs;
    this.idleTimeoutMs = declared.idleTimeoutMs;
    this.byBatch = declared.byBatch;
  }

  begin(batchTimeMs: number): void {
    // Another batch may have the very same time, and its rows are not late.
    this.maxSeenMs = this.byBatch ? batchTimeMs - 1 : Number.NEGATIVE_INFINITY;
  }

  beginRecord(): void {
    this.recordMaxMs = Number.NEGATIVE_INFINITY;
  }

  see(timeMs: number): void {
    if (timeMs > this.recordMaxMs) this.recordMaxMs = timeMs;
  }

  endRecord(): void {
    if (this.recordMaxMs > this.maxSeenMs) this.maxSeenMs = this.recordMaxMs;
  }
}
