// What the partition task asks of one pass over records, and what it gets back. The pass is pure:
// it reads no clock and touches no service, so that the same input gives the same bytes.

import type { SinkTargets } from '../contract/environment.ts';
import type { DecodedBatch } from '../decoding/decoded-batch.ts';
import type { BatchOutput, Counts, WatermarkFloor } from '../model/commit.ts';
import type { HashRange } from '../model/hash-range.ts';
import type { BatchTimeMs, ShardId } from '../model/ids.ts';
import type { ArrivalRange, Position } from '../model/record.ts';
import type { Plan } from '../plan/plan.ts';
import type { Draft } from '../state/draft.ts';
import type { KeyedState } from '../state/keyed-state.ts';

/** `poison`: it kept ending the process. `too-much-state`: no commit could hold what it changes. */
export type SetAsideReason = 'poison' | 'too-much-state';

export interface BatchInput {
  /** The warm state at the head; the pass reads it and writes only to a draft over it. */
  readonly state: KeyedState;
  readonly decoded: DecodedBatch;
  /** First record of `decoded` to take, after de-aggregation. */
  readonly from: number;
  /** One past the last record to take. */
  readonly to: number;
  readonly shardId: ShardId;
  readonly hashRange: HashRange;
  /** Watermark of the previous commit; `null` before any. */
  readonly watermarkMs: number | null;
  readonly floors: readonly WatermarkFloor[];
  readonly batchTimeMs: BatchTimeMs;
  /** `incarnation-shard-(base+N)`: final object names begin with it. */
  readonly outputName: string;
  /** Sets the record at `from` aside as a dead letter with this reason, without running user code. */
  readonly setAside: SetAsideReason | null;
}

export interface BatchResult {
  readonly draft: Draft;
  readonly outputs: readonly BatchOutput[];
  readonly watermarkMs: number | null;
  /** Duplicates are not counted here: the caller knows what it dropped. */
  readonly counts: Omit<Counts, 'in' | 'duplicate'>;
  readonly firstPosition: Position;
  readonly lastPosition: Position;
  readonly arrival: ArrivalRange;
  /** SHA-256, hex, over positions and bytes of the records taken. */
  readonly inputDigest: string;
}

/** A plan made ready to run: operators wired once per sandbox, targets resolved. */
export interface ExecutablePlan {
  readonly plan: Plan;
  processBatch(input: BatchInput): BatchResult;
}

export type CompilePlan = (plan: Plan, targets: SinkTargets) => ExecutablePlan;
