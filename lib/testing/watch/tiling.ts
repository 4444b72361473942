// What became of the records of a shard, compared with the stream and the mapping themselves. Every
// record is in exactly one committed range, and the commit's digest is that of the records in it. A
// record in no range was given up by the mapping, and the gap of the next commit names just that
// range; a commit that follows its predecessor without a hole claims none.

import { decodeBatch } from '../../decoding/decode-batch.ts';
import type { DecodedBatch } from '../../decoding/decoded-batch.ts';
import type { Commit } from '../../model/commit.ts';
import type { DeliveredRecord, Position } from '../../model/record.ts';
import { sha256Hex } from '../../state/digest.ts';
import type { StreamRecord } from '../world/deployment.ts';
import type { Run } from '../world/run.ts';
import { textOf } from './account-watch.ts';
import { type GivenUp, isGivenUp } from './given-up.ts';
import { type JournalEntry, nameOf, positionOf } from './journal.ts';

export interface ShardAtEnd {
  readonly shardId: string;
  readonly records: readonly StreamRecord[];
  /** Those that took records of it. */
  readonly entries: readonly JournalEntry[];
  /** Of this shard. */
  readonly givenUp: readonly GivenUp[];
  /** Its log stopped for good: records after the head are in no commit. */
  readonly isStopped: boolean;
}

export function checkTiling(run: Run, shard: ShardAtEnd): void {
  const taken = decodeBatch(shard.records.map(asDelivered), null);
  const places = new Map<string, number>();
  for (let index = 0; index < taken.count; index += 1) {
    places.set(textOf(taken.positionOf(index)), index);
  }
  let next = 0;
  let after: Position | null = null;
  for (const entry of shard.entries) {
    const { commit } = entry;
    const { firstPosition, inputDigest } = commit.header;
    const lastPosition = positionOf(entry);
    if (firstPosition === null || lastPosition === undefined) continue;
    const first = places.get(textOf(firstPosition)) ?? -1;
    const last = places.get(textOf(lastPosition)) ?? -1;
    checkGap(run, { ...shard, commit, after, missing: sequenceNumbersIn(taken, next, first) });
    if (inputDigest !== digestOf(taken, first, last)) {
      run.report('I7', `${nameOf(commit)}: its digest is not that of the records it took`);
    }
    after = lastPosition;
    next = Math.max(next, last + 1);
  }
  if (next < taken.count && !shard.isStopped) {
    run.report('I1', `${shard.shardId}: the last ${taken.count - next} records are in no commit`);
  }
}

/** What a commit says of the records between it and its predecessor, and what is true. */
function checkGap(
  run: Run,
  seen: Pick<ShardAtEnd, 'givenUp'> & {
    readonly commit: Commit;
    readonly after: Position | null;
    /** Sequence numbers of the records in between, that no commit took. */
    readonly missing: readonly string[];
  },
): void {
  const { commit, after, missing, givenUp } = seen;
  const { gap, firstPosition } = commit.header;
  const name = nameOf(commit);
  if (gap?.kind === 'lost') run.reached.count('lost records recorded');
  if (missing.length === 0) {
    if (gap?.kind === 'lost') run.report('I1', `${name} names a loss where nothing was lost`);
    return;
  }
  // The stream has them to this day, so that the loss could be seen.
  if (gap?.kind !== 'lost') {
    run.report('I1', `${missing.length} records before ${name} are in no commit and in no gap`);
  } else if (
    textOf(gap.before) !== textOf(firstPosition!) ||
    (gap.after === null ? null : textOf(gap.after)) !== (after === null ? null : textOf(after))
  ) {
    run.report('I1', `${name} names another gap than there is before it`);
  }
  const dropped = missing.filter((sequenceNumber) => !isGivenUp(givenUp, sequenceNumber));
  if (dropped.length > 0) {
    const which = `${dropped.length} records before ${name} are in no commit`;
    run.report('I1', `${which}, and the mapping did not give them up`);
  }
}

const sequenceNumbersIn = (taken: DecodedBatch, from: number, to: number): readonly string[] =>
  taken.sequenceNumbers.slice(from, Math.max(from, to));

/** The digest of a range of records: its ends, their number, the length of each, then their bytes. */
function digestOf(taken: DecodedBatch, first: number, last: number): string | null {
  if (first < 0 || last < first) return null;
  const records = Array.from({ length: last + 1 - first }, (_, index) =>
    taken.bytesOf(first + index),
  );
  const range = [taken.positionOf(first), taken.positionOf(last), records.length];
  const lengths = Buffer.alloc(4 * records.length);
  for (const [index, { length }] of records.entries()) lengths.writeUInt32LE(length, 4 * index);
  const divided = records.flatMap((bytes, index) => (index === 0 ? [bytes] : [DIVIDER, bytes]));
  return sha256Hex(Buffer.from(JSON.stringify(range)), lengths, ...divided);
}

const DIVIDER = Buffer.from(',\n');

const asDelivered = ({ sequenceNumber, data, arrivalMs }: StreamRecord): DeliveredRecord => ({
  kinesis: {
    sequenceNumber,
    partitionKey: '',
    data: Buffer.from(data).toString('base64'),
    approximateArrivalTimestamp: arrivalMs / 1_000,
  },
  eventID: '',
  eventSourceARN: '',
});
