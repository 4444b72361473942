import type { JudgedScenario } from '../judge.ts';

/** How much of a scenario is run: `small` for plans by the ten thousand. */
export type Size = 'small' | 'full';

export type BuildScenario = (seed: number, size: Size) => JudgedScenario;

/** How many bursts of records a scenario has. */
export const bursts = (size: Size, full: number, small: number) => (size === 'full' ? full : small);
