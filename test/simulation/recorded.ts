import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlannedRun } from './plans.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';

/** A run that failed once, kept in a file so that it is run again for ever. */
export interface Recorded extends PlannedRun {
  /** What was found, in a sentence. */
  readonly why: string;
  /** Indexes of the scenario's records that take part. */
  readonly records: readonly number[];
}

const FOLDER = join(import.meta.dirname, 'regressions');

export const readRecorded = (path: string): Recorded =>
  JSON.parse(readFileSync(path, 'utf8')) as Recorded;

/** Whether there is a recorded run at this path. */
export function isRecorded(path: string): boolean {
  try {
    return SCENARIOS[readRecorded(path).scenarioName] !== undefined;
  } catch {
    return false;
  }
}

/** Paths of all runs that once failed. */
export const regressionPaths = (): readonly string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(FOLDER, name));
