/** The only way to learn the time. */
export interface Clock {
  nowMs(): number;
}
