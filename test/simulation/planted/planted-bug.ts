import type { Edit } from '../bundle.ts';

/** A fault of the engine that the simulation has to find. */
export interface PlantedBug {
  /** What is wrong with the engine then, in a sentence. */
  readonly what: string;
  readonly edits: readonly Edit[];
  /** Scenarios in which it can show; the others are not run. @default all */
  readonly scenarioNames?: readonly string[];
}
