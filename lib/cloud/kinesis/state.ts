// The account's streams as plain data, for keeping them in a folder.

import { createShardLog, type ShardLogState } from './shard-log.ts';
import { openByRange, type Shard, type Stream } from './stream.ts';

type ShardState = Omit<Shard, 'log' | 'range'> & {
  readonly range: { readonly start: string; readonly end: string };
  readonly log: ShardLogState;
};

export type StreamState = Omit<Stream, 'shards' | 'open' | 'tags'> & {
  readonly shards: readonly ShardState[];
  readonly tags: readonly (readonly [string, string])[];
};

export interface KinesisState {
  readonly seeded: number;
  readonly streams: readonly StreamState[];
}

export function dumpStream(stream: Stream): StreamState {
  const { open: _, shards, tags, ...rest } = stream;
  return {
    ...rest,
    tags: [...tags],
    shards: shards.map((shard) => ({
      ...shard,
      range: { start: String(shard.range.start), end: String(shard.range.end) },
      writes: { ...shard.writes },
      reads: { ...shard.reads },
      log: shard.log.dump(),
    })),
  };
}

export function loadStream(state: StreamState): Stream {
  const shards = state.shards.map((shard) => ({
    ...shard,
    range: { start: BigInt(shard.range.start), end: BigInt(shard.range.end) },
    writes: { ...shard.writes },
    reads: { ...shard.reads },
    log: createShardLog(shard.log),
  }));
  return { ...state, shards, open: openByRange(shards), tags: new Map(state.tags) };
}
