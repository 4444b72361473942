import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Plan } from '../../plan/plan.ts';
import type { BatchInput, BatchResult } from '../../runtime/batch.ts';
import type { TaskOptions } from '../../runtime/partition-task.ts';
import type { Sandbox } from './sandbox.ts';

/** One record as a producer puts it. */
export interface Arrival {
  /** From the start of the run. */
  readonly atMs: number;
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** @default the first source of the plan */
  readonly source?: string;
}

/** What user code may do to the process it runs in, and by it. */
export interface Process {
  /** A client of its own, whose calls are struck by faults like all others. */
  readonly dynamodb: DynamoDBClient;
  /** Ends the sandbox in which the caller runs, as running out of memory does. */
  end(): never;
}

/** Stands around whatever a sandbox runs. */
export interface Surroundings {
  /** Calls `run`, which handles an invocation. */
  readonly invocation: <Result>(sandbox: Sandbox, run: () => Result) => Result;
  /** Calls `run`, one pass over records. */
  readonly pass: (input: BatchInput, run: () => BatchResult) => BatchResult;
}

/** A pipeline, the records it gets, and the settings it is deployed with. */
export interface Scenario {
  readonly name: string;
  /** Builds the plan for one process; all of them are equal but for that process. */
  readonly plan: (process: Process) => Plan;
  readonly arrivals: readonly Arrival[];
  /** Shards of each source when the run begins. */
  readonly shardCount: number;
  readonly ringSize: number;
  /** Records of a batch at most. */
  readonly batchSize: number;
  /** Settings of the task other than its identity and its plan. */
  readonly task?: Partial<Omit<TaskOptions, 'identity' | 'executable'>>;
  /** Whether shards may be split and merged while the pipeline runs. @default false */
  readonly resharding?: boolean;
  /** True time when the run begins. @default the first moment of 2026 */
  readonly startMs?: number;
  /** @default code runs as it is */
  readonly surroundings?: Surroundings;
  /** Whether outages last for up to two hours instead of some minutes. @default false */
  readonly longOutages?: boolean;
  /**
   * Whether commits may be destroyed. Their log then stops for good, so that nothing is demanded of
   * its outputs but that they stay right.
   * @default false
   */
  readonly losingCommits?: boolean;
  /** Maintenance runs as often as this while records come. @default only as a fault */
  readonly maintenanceEveryMs?: number;
  /** A batch without records runs for every log as often as this, and when all faults are over. @default never */
  readonly tickEveryMs?: number;
  /** Records that come when all faults are over, as traffic that resumes. @default none */
  readonly closing?: readonly Omit<Arrival, 'atMs'>[];
}
