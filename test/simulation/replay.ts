import type { Violation } from '../../lib/testing/world/world.ts';
import { type Recorded, readRecorded } from './recorded.ts';
import { runPlanned } from './run-part.ts';

/** One recorded run, run again. */
export interface Replayed {
  readonly path: string;
  readonly recorded: Recorded;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
}

export async function replay(path: string): Promise<Replayed> {
  const recorded = readRecorded(path);
  const { violations, trace } = await runPlanned(recorded);
  return { path, recorded, violations, trace };
}
