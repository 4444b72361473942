import type { LogId } from '../../model/ids.ts';

/** What faults have taken away for good. */
export interface Losses {
  /** Keys of objects. */
  readonly destroyed: Set<string>;
  /** Logs that have lost a commit. */
  readonly logs: Set<LogId>;
}
