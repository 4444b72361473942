// The warm states of a sandbox. Lambda binds no shard to a sandbox, so several shards' states are
// kept, least recently used first out, within a byte budget; the one in use always stays.

import type { AttemptNote, CommitHeader, SnapshotPointer } from '../model/commit.ts';
import type { HashRange } from '../model/hash-range.ts';
import type { LogId, ShardId } from '../model/ids.ts';
import type { KeyedState } from '../state/keyed-state.ts';

export interface WarmState {
  readonly log: LogId;
  readonly shardId: ShardId;
  readonly hashRange: HashRange;
  readonly incarnation: string;
  readonly state: KeyedState;
  /** `null` while the log is empty. */
  readonly head: CommitHeader | null;
  /** Slots up to here may be reused. */
  readonly coveredTo: number;
  readonly snapshot: SnapshotPointer | null;
  /** Set by a cold start until its first attempt is decided. */
  readonly coldNote: { readonly found: AttemptNote | null } | null;
  /** Moving average of the commits that others made while this state slept. */
  readonly expectedGap: number;
}

export class WarmStates {
  private readonly states = new Map<ShardId, WarmState>();
  private readonly byteBudget: number;

  constructor(byteBudget: number) {
    this.byteBudget = byteBudget;
  }

  get(shardId: ShardId): WarmState | undefined {
    return this.states.get(shardId);
  }

  /** Keeps `warm` as the most recently used and drops the oldest beyond the budget. */
  keep(warm: WarmState): void {
    this.states.delete(warm.shardId);
    this.states.set(warm.shardId, warm);
    let bytes = 0;
    for (const { state } of this.states.values()) bytes += state.byteLengthEstimate();
    for (const [shardId, { state }] of this.states) {
      if (bytes <= this.byteBudget || shardId === warm.shardId) break;
      this.states.delete(shardId);
      bytes -= state.byteLengthEstimate();
    }
  }

  drop(shardId: ShardId): void {
    this.states.delete(shardId);
  }
}
