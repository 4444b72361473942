// What a partition task is made of and what it answers: its ports, its settings, Lambda's answer.

import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { StaticTableReader } from '../ports/static-table-reader.ts';
import type { ExecutablePlan } from './batch.ts';
import type { GapPolicy } from './find-gap.ts';
import type { CommitLimits } from './fit-prefix.ts';
import type { LearnPorts, TaskIdentity } from './learn.ts';

/** What a task is given; the functions of its sinks come from its plan. */
export type TaskPorts = Omit<LearnPorts, 'functions'> & {
  /** Left out where the plan reads no static tables. */
  readonly staticTables?: StaticTableReader;
  readonly clock: Clock;
  readonly ids: Ids;
};

export interface TaskOptions extends GapPolicy, CommitLimits {
  readonly identity: TaskIdentity;
  readonly executable: ExecutablePlan;
  /** @default 350 KB */
  readonly inlineBodyBytesMax?: number;
  /** @default 256 MB */
  readonly warmStateBytesMax?: number;
}

/** Lambda's answer for a stream batch: empty, or the first record of each shard that is not wholly committed. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Every record of the batch is committed. */
export const ALL_TAKEN: BatchResponse = { batchItemFailures: [] };
