// What the partition task asks of one pass over records, and what it gets back. The pass is pure:
// it reads no clock and touches no service, so that the same input gives the same bytes.

import type { SinkTargets } from '../contract/environment.ts';
import type { DecodedBatch } from '../decoding/decoded-batch.ts';
import type { BatchOutput, Counts, WatermarkFloor } from '../model/commit.ts';
import type { HashRange } from '../model/hash-range.ts';
import type { BatchTimeMs, ShardId } from '../model/ids.ts';
import type { ArrivalRange, Position } from '../model/record.ts';
import type { TableRows } from '../operators/pass.ts';
import type { Plan } from '../plan/plan.ts';
import type { Draft } from '../state/draft.ts';
import type { KeyedState } from '../state/keyed-state.ts';

/** `poison`: it kept ending the process. `too-much-state`: no commit could hold what it changes. */
export type SetAsideReason = 'poison' | 'too-much-state';

/** The stream and shard that a record was read from. */
export interface RecordOrigin {
  /** Logical name of the source. */
  readonly source: string;
  readonly shardId: ShardId;
}

export interface BatchInput {
  /** The warm state at the head; the pass reads it and writes only to a draft over it. */
  readonly state: KeyedState;
  readonly decoded: DecodedBatch;
  /** First record of `decoded` to take, after de-aggregation. */
  readonly from: number;
  /** One past the last record to take; `from` itself for a batch without records. */
  readonly to: number;
  /** Where the record at an index comes from; the same object for all records of a shard. */
  readonly originOf: (index: number) => RecordOrigin;
  readonly hashRange: HashRange;
  /** Watermark of the previous commit; `null` before any. */
  readonly watermarkMs: number | null;
  readonly floors: readonly WatermarkFloor[];
  /** Never before the batch that went before it. */
  readonly batchTimeMs: BatchTimeMs;
  /** A watermark from outside, as a heartbeat brings it; `null`: the records alone move it. */
  readonly givenWatermarkMs: number | null;
  /** Rows of static tables by the uid of the node that joins with them. */
  readonly tables: ReadonlyMap<string, TableRows>;
  /** `incarnation-shard-(base+N)`, `all` for the shard of a shared log: final object names begin with it. */
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
  /** Rows that operators refused as late, also of records of which no row was late alone. */
  readonly lateRowCount: number;
  /** `null` for a batch without records, as are the two that follow. */
  readonly firstPosition: Position | null;
  readonly lastPosition: Position | null;
  readonly arrival: ArrivalRange | null;
  /** SHA-256, hex, over positions and bytes of the records taken. */
  readonly inputDigest: string;
}

/** A state at rest, for a look at it. */
export type StateInput = Pick<BatchInput, 'state' | 'watermarkMs' | 'floors'>;

/** A plan made ready to run: operators wired once per sandbox, targets resolved. */
export interface ExecutablePlan {
  readonly plan: Plan;
  processBatch(input: BatchInput): BatchResult;
  /** What each operator keeps in a state, as a user would count it, by uid in the order of the plan. */
  countState(input: StateInput): ReadonlyMap<string, number>;
}

export type CompilePlan = (plan: Plan, targets: SinkTargets) => ExecutablePlan;
