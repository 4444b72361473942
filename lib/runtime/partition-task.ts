// The partition task: one invocation = one batch, of one shard or, where shards share a log, of any of
// them; a tick is a batch without records. It owns the warm states of its sandbox: a state is taken out
// before its batch runs and put back when it went well, so that any error drops it, and nothing
// uncommitted survives.

import { EngineError } from '../model/errors.ts';
import { DEADLINE_RESERVE_MS, WARM_STATE_BYTES_MAX } from '../model/limits.ts';
import type { DeliveredRecord } from '../model/record.ts';
import type { RecordOrigin } from './batch.ts';
import { createBatchFunctions } from './batch-functions.ts';
import { BatchRun } from './batch-run.ts';
import { byShard, positionKeyOf, type ShardRecords, scopeOf } from './log-scope.ts';
import { Pacing } from './pacing.ts';
import { StaticTables } from './static-tables.ts';
import { ALL_TAKEN, type BatchResponse, type TaskOptions, type TaskPorts } from './task-options.ts';
import { type WarmState, WarmStates } from './warm-states.ts';

export type { BatchResponse, TaskOptions, TaskPorts };

export interface PartitionTask {
  /**
   * Processes one delivered batch; `deadlineMs` is when Lambda ends the invocation. Records of several
   * shards are one batch where all shards share a log, shard after shard in the order in which they come.
   *
   * @throws EngineError `internal` for records of several shards that have a log each.
   */
  handle(
    records: readonly DeliveredRecord[],
    invocation: { readonly deadlineMs: number },
  ): Promise<BatchResponse>;
  /**
   * Commits a batch without records, so that what waits for time moves on; one that changes nothing is
   * not committed. `watermarkMs` holds as if every source had come so far. `shard` names the log where
   * each shard has its own.
   */
  tick(invocation: {
    readonly deadlineMs: number;
    readonly watermarkMs?: number;
    readonly shard?: RecordOrigin;
  }): Promise<void>;
}

export function createPartitionTask(given: TaskPorts, options: TaskOptions): PartitionTask {
  const functions = createBatchFunctions(options.executable.plan, given.clock);
  const ports = { ...given, functions };
  const { identity } = options;
  const pacing = new Pacing(ports, identity);
  const tables = new StaticTables(options.executable.plan, given.staticTables, given.clock);
  const warmStates = new WarmStates(options.warmStateBytesMax ?? WARM_STATE_BYTES_MAX);
  const runUntil = (deadlineMs: number, records: readonly ShardRecords[]) =>
    new BatchRun(ports, options, {
      pacing,
      tables,
      records,
      deadlineMs: deadlineMs - DEADLINE_RESERVE_MS,
    });
  const take = (log: WarmState['log']) => {
    const known = warmStates.get(log);
    warmStates.drop(log);
    return known;
  };
  return {
    async handle(records, { deadlineMs }) {
      const shards = byShard(identity.sources, records);
      const [first, second] = shards;
      if (first === undefined) return ALL_TAKEN;
      if (second !== undefined && !identity.inOneTask) throw mixed(first, second);
      const scope = scopeOf(identity, first.origin);
      const known = take(scope.log);
      const { warm, response } = await runUntil(deadlineMs, shards).processAll(scope, known);
      warmStates.keep(warm);
      return response;
    },

    async tick({ deadlineMs, watermarkMs = null, shard = null }) {
      const scope = scopeOf(identity, shard);
      const known = take(scope.log);
      warmStates.keep(await runUntil(deadlineMs, []).tick(scope, { known, watermarkMs }));
    },
  };
}

/** Lambda never mixes shards, so each of them could be told how far it has come. */
function mixed(first: ShardRecords, second: ShardRecords): EngineError {
  const [shard, other] = [first, second].map(({ origin }) => positionKeyOf(origin));
  return new EngineError('internal', `a batch of ${shard} holds a record of ${other}`);
}
