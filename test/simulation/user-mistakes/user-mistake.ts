import type { Simulated, SimulationFailure } from 'rivulet/testing';

/** A pipeline with one mistake, and the same without it. */
export interface UserMistake {
  readonly mistaken: Simulated;
  readonly right: Simulated;
  readonly cause: SimulationFailure['cause'];
  /** What the report has to say of where the mistake is. */
  readonly says: RegExp;
}

/** What all of the pipelines read. */
export interface Sale {
  readonly id: string;
  readonly shop: string;
  readonly at: number;
  readonly cents: number;
}

/** Two minutes of sales in four shops, a few of them out of order. */
export const sales: readonly Sale[] = Array.from({ length: 24 }, (_, index) => ({
  id: `sale-${index}`,
  shop: ['north', 'south', 'east', 'west'][(index * 7) % 4]!,
  at: Date.UTC(2026, 0, 1, 12) + index * 5_000 - (index % 3) * 4_000,
  cents: 100 + ((index * 37) % 90),
}));
