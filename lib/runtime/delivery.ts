// Delivered records, decoded against what is committed: records at or below their shard's position are
// dropped, and what is left of all shards is one batch, shard by shard. A prefix of such a batch takes
// whole shards and a part of one more, so that what is committed with it is the last record taken of
// each shard, and the rest begins in at most one shard that was taken in part.

import { decodeBatch } from '../decoding/decode-batch.ts';
import type { DecodedBatch } from '../decoding/decoded-batch.ts';
import { joinBatches } from '../decoding/joined-batch.ts';
import type { CommitHeader } from '../model/commit.ts';
import { asArrivalTimeMs } from '../model/ids.ts';
import type { RecordOrigin } from './batch.ts';
import { positionKeyOf, type ShardRecords } from './log-scope.ts';

/** Records of one shard in a batch: `from` to `to - 1`, at least one. */
export interface ShardSpan {
  readonly origin: RecordOrigin;
  readonly from: number;
  readonly to: number;
}

export interface Delivery {
  readonly decoded: DecodedBatch;
  readonly originOf: (index: number) => RecordOrigin;
  /** The shards of the batch that hold new records, in its order. */
  readonly shards: readonly ShardSpan[];
}

/** What a batch without records has to process. */
export const EMPTY_DELIVERY: Delivery = deliver([], {});

/** Decodes delivered records; `positions` says how far each shard is committed. */
export function deliver(
  delivered: readonly ShardRecords[],
  positions: CommitHeader['positions'],
): Delivery {
  const parts: DecodedBatch[] = [];
  const shards: ShardSpan[] = [];
  let from = 0;
  for (const { origin, records } of delivered) {
    const part = decodeBatch(records, positions[positionKeyOf(origin)] ?? null);
    parts.push(part);
    const to = from + part.count;
    if (part.count > 0) shards.push({ origin, from, to });
    from = to;
  }
  const decoded = parts.length === 0 ? decodeBatch([], null) : joinBatches(parts);
  return { decoded, shards, originOf: (index) => shardAt(shards, index).origin };
}

/** The shards of a part of the batch, each cut to it. */
export function spansOf(
  { shards }: Pick<Delivery, 'shards'>,
  { from, to }: { readonly from: number; readonly to: number },
): readonly ShardSpan[] {
  return shards
    .filter((shard) => shard.from < to && from < shard.to)
    .map(({ origin, ...shard }) => ({
      origin,
      from: Math.max(from, shard.from),
      to: Math.min(to, shard.to),
    }));
}

/** Sequence numbers of the first record of each shard that lies at `from` or behind it. */
export function firstOfShards(delivery: Delivery, from: number): readonly string[] {
  const { decoded } = delivery;
  return spansOf(delivery, { from, to: decoded.count }).map(
    (span) => decoded.sequenceNumbers[span.from]!,
  );
}

/** Positions after a commit of the records taken; `withArrivals`: the commit's own does not say them. */
export function positionsAfter(
  before: CommitHeader['positions'],
  delivery: Delivery,
  taken: { readonly from: number; readonly to: number; readonly withArrivals: boolean },
): CommitHeader['positions'] {
  const { decoded } = delivery;
  const positions = { ...before };
  for (const { origin, to } of spansOf(delivery, taken)) {
    const position = decoded.positionOf(to - 1);
    const arrivedAtMs = asArrivalTimeMs(decoded.arrivedAtMs[to - 1]!);
    positions[positionKeyOf(origin)] = taken.withArrivals ? { ...position, arrivedAtMs } : position;
  }
  return positions;
}

/** Almost always the first or the only one is it. */
function shardAt(shards: readonly ShardSpan[], index: number): ShardSpan {
  let place = 0;
  while (index >= shards[place]!.to) place += 1;
  return shards[place]!;
}
