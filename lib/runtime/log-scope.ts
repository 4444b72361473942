// What a log covers. Each shard has a log of its own, unless the plan runs in one task: then all shards
// of all sources share one log, whose commits hold how far each shard has come. Positions are told apart
// by source and shard in both.

import { logIdOf, sharedLogIdOf } from '../contract/keys.ts';
import { EngineError } from '../model/errors.ts';
import { asShardId, type LogId } from '../model/ids.ts';
import type { DeliveredRecord } from '../model/record.ts';
import type { RecordOrigin } from './batch.ts';

/** What of a task's identity names its logs. */
export interface LogNames {
  readonly pipeline: string;
  readonly stage: string;
  /** Names of the plan's sources by the ARN of the stream that each reads. */
  readonly sources: ReadonlyMap<string, string>;
  /** Whether all shards of all sources share one log. */
  readonly inOneTask: boolean;
}

export interface LogScope {
  readonly log: LogId;
  /** The one shard whose records the log takes; `null`: all shards of all sources share it. */
  readonly shard: RecordOrigin | null;
}

/**
 * The log that takes the records of a shard.
 *
 * @throws EngineError `internal` when each shard has a log and none is named.
 */
export function scopeOf(names: LogNames, shard: RecordOrigin | null): LogScope {
  if (names.inOneTask) return { log: sharedLogIdOf(names), shard: null };
  if (shard !== null) return { log: shardLogOf(names, shard), shard };
  throw new EngineError('internal', 'each shard has a log of its own: name the shard');
}

/** The log of one shard. Where shards share a log, only notes of attempts stand under this id. */
export const shardLogOf = ({ pipeline, stage }: LogNames, { source, shardId }: RecordOrigin) =>
  logIdOf({ pipeline, stage, source, shard: shardId });

/** Names a shard in the positions of a commit. */
export const positionKeyOf = ({ source, shardId }: RecordOrigin) => `${source}/${shardId}`;

/** Delivered records of one shard. */
export interface ShardRecords {
  readonly origin: RecordOrigin;
  readonly records: readonly DeliveredRecord[];
}

/**
 * Records by the shard that they were read from, in the order in which shards appear.
 *
 * @throws EngineError `internal` for a record of a stream that is no source of the plan.
 */
export function byShard(
  sources: ReadonlyMap<string, string>,
  records: readonly DeliveredRecord[],
): readonly ShardRecords[] {
  const shards = new Map<string, ShardRecords & { readonly records: DeliveredRecord[] }>();
  let [arn, prefix] = ['', ''];
  let current: DeliveredRecord[] = [];
  for (const record of records) {
    const { eventID, eventSourceARN } = record;
    // Records of a shard lie together: the first of a run is looked up, the others only compared.
    if (current.length === 0 || eventSourceARN !== arn || !eventID.startsWith(prefix)) {
      const [shardId = ''] = eventID.split(':');
      [arn, prefix] = [eventSourceARN, `${shardId}:`];
      const origin = { source: sourceOfArn(sources, arn), shardId: asShardId(shardId) };
      const key = positionKeyOf(origin);
      const shard = shards.get(key) ?? { origin, records: [] };
      shards.set(key, shard);
      current = shard.records;
    }
    current.push(record);
  }
  return [...shards.values()];
}

function sourceOfArn(sources: ReadonlyMap<string, string>, arn: string): string {
  const source = sources.get(arn);
  if (source !== undefined) return source;
  throw new EngineError(
    'internal',
    `a batch holds a record of ${arn}, which is no source of the pipeline; deploy the stack again`,
  );
}
