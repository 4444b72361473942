/** The only way to learn the time. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`; the simulation moves its own time. */
  wait(ms: number): Promise<void>;
}
