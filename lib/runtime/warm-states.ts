// The warm states of a sandbox. Lambda binds no shard to a sandbox, so several logs' states are kept,
// least recently used first out, within a byte budget; the one in use always stays.

import type { AttemptNote, CommitHeader, SnapshotPointer } from '../model/commit.ts';
import type { HashRange } from '../model/hash-range.ts';
import type { LogId } from '../model/ids.ts';
import type { KeyedState } from '../state/keyed-state.ts';
import type { LogScope } from './log-scope.ts';

export interface WarmState extends LogScope {
  readonly hashRange: HashRange;
  readonly incarnation: string;
  readonly state: KeyedState;
  /** `null` while the log is empty. */
  readonly head: CommitHeader | null;
  /** Slots up to here may be reused. */
  readonly coveredTo: number;
  readonly snapshot: SnapshotPointer | null;
  /** The note beside the log's checkpoints, as a cold start found it; of no shard in a shared log. */
  readonly foundNote: AttemptNote | null;
  /** Shards, by `source/shard`, whose records this state has already taken: a death would have ended it. */
  readonly begun: ReadonlySet<string>;
  /** Shards, by `source/shard`, that the head knows and their stream had dropped at the cold start. */
  readonly departed: ReadonlySet<string>;
  /** Moving average of the commits that others made while this state slept. */
  readonly expectedGap: number;
}

export class WarmStates {
  private readonly states = new Map<LogId, WarmState>();
  private readonly byteBudget: number;

  constructor(byteBudget: number) {
    this.byteBudget = byteBudget;
  }

  get(log: LogId): WarmState | undefined {
    return this.states.get(log);
  }

  /** Keeps `warm` as the most recently used and drops the oldest beyond the budget. */
  keep(warm: WarmState): void {
    this.states.delete(warm.log);
    this.states.set(warm.log, warm);
    let bytes = 0;
    for (const { state } of this.states.values()) bytes += state.byteLengthEstimate();
    for (const [log, { state }] of this.states) {
      if (bytes <= this.byteBudget || log === warm.log) break;
      this.states.delete(log);
      bytes -= state.byteLengthEstimate();
    }
  }

  drop(log: LogId): void {
    this.states.delete(log);
  }
}
