/** The only way to learn the time. */
export interface Clock {
  nowMs(): number;
  /** Aborts at `deadlineMs`, so that no request outlives an invocation. */
  abortAt(deadlineMs: number): AbortSignal;
}
