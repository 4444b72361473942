// Looks for records that left the stream, or were given up, between the head and a batch that begins
// late. What the stream still holds is compared with what was delivered; once the head's own last
// record has left the stream too, nothing can be compared any more, and the commit says so. The first
// batch of a log is always compared with the oldest record of its shard, where the mapping begins.

import { decodeBatch } from '../decoding/decode-batch.ts';
import type { Gap } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import type { LogId } from '../model/ids.ts';
import { type CommittedPosition, compareSequenceNumbers, type Position } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { SourceStream, SourceStreams } from '../ports/source-stream.ts';
import { isNearRetention, isSuspiciouslyLate, needsRetention } from '../protocol/gap.ts';
import type { RecordOrigin } from './batch.ts';
import type { WarmState } from './warm-states.ts';

/** The stream of a source. */
export function streamOf(streams: SourceStreams, source: string): SourceStream {
  const stream = streams.get(source);
  if (stream !== undefined) return stream;
  throw new EngineError('internal', `source '${source}' has no stream`);
}

export interface GapPorts {
  readonly streams: SourceStreams;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface GapPolicy {
  /** The mapping gives up on records older than this. */
  readonly recordAgeMaxMs: number;
  /** What to do when records left the stream unread: stop the shard, or commit the loss and go on. */
  readonly onGap: 'fail' | 'warn';
}

/** Where records of a shard may be missing. */
interface Between {
  readonly origin: RecordOrigin;
  readonly after: CommittedPosition | null;
  readonly before: Position;
}

/** The gap between a shard's committed position and its first record of a batch; `null`: there is none. */
export async function findGap(
  ports: GapPorts,
  policy: Pick<GapPolicy, 'recordAgeMaxMs'>,
  between: Between & {
    readonly head: WarmState['head'];
    /** Arrival of the record at `before`. */
    readonly arrivedAtMs: number;
  },
): Promise<Gap | null> {
  const { head, after, before } = between;
  if (after === null) return compareWithStream(ports, between);
  if (before.sequenceNumber === after.sequenceNumber) return null;
  const nowMs = ports.clock.nowMs();
  const headArrivedAtMs = after.arrivedAtMs ?? head?.arrival?.lastMs ?? between.arrivedAtMs;
  const start = {
    ageMs: nowMs - between.arrivedAtMs,
    quietMs: between.arrivedAtMs - headArrivedAtMs,
    recordAgeMaxMs: policy.recordAgeMaxMs,
  };
  const headAgeMs = nowMs - headArrivedAtMs;
  if (!isSuspiciouslyLate(start) && !needsRetention(headAgeMs)) return null;
  const { retentionMs } = await streamOf(ports.streams, between.origin.source).describe();
  if (!isSuspiciouslyLate(start) && !isNearRetention(headAgeMs, retentionMs)) return null;
  const gap = await compareWithStream(ports, between);
  return gap === null && headAgeMs > retentionMs ? gapOf('unprovable', between) : gap;
}

/** What the stream holds between two records; a delivered record may have left it by now. */
async function compareWithStream(ports: GapPorts, between: Between): Promise<Gap | null> {
  const { origin, after, before } = between;
  const found = await streamOf(ports.streams, origin.source).firstAfter({
    shardId: origin.shardId,
    sequenceNumber: after?.sequenceNumber ?? null,
  });
  if (found === before.sequenceNumber) return restOfPack(ports, between);
  const isLost = found !== null && compareSequenceNumbers(found, before.sequenceNumber) < 0;
  return gapOf(isLost ? 'lost' : 'unprovable', between);
}

/**
 * A commit may end inside a packed record. The mapping gives such a record up as a whole, so that the
 * stream's next record is the one delivered although the rest of the pack was never read.
 */
async function restOfPack(ports: GapPorts, between: Between): Promise<Gap | null> {
  const { origin, after } = between;
  if (after === null) return null;
  const { shardId } = origin;
  const { sequenceNumber } = after;
  const bytes = await streamOf(ports.streams, origin.source).bytesOf({ shardId, sequenceNumber });
  if (bytes === null) return null;
  return unreadCount(bytes, after) > 0 ? gapOf('lost', between) : null;
}

function gapOf(kind: Gap['kind'], { after, before }: Between): Gap {
  if (after === null) return { kind, after, before };
  const { sequenceNumber, subSequenceNumber } = after;
  return { kind, after: { sequenceNumber, subSequenceNumber }, before };
}

/** Records of a packed one that lie after `position`, which is in it. */
function unreadCount(bytes: Uint8Array, position: Position): number {
  const { sequenceNumber } = position;
  const record = {
    kinesis: {
      sequenceNumber,
      partitionKey: '',
      data: Buffer.from(bytes).toString('base64'),
      approximateArrivalTimestamp: 0,
    },
    eventID: '',
    eventSourceARN: '',
  };
  return decodeBatch([record], position).count;
}

/**
 * Lets a gap pass into the commit, with a warning.
 *
 * @throws EngineError `data` when records were lost and the policy is to stop.
 */
export function acceptGap(
  ports: Pick<GapPorts, 'logger'>,
  policy: GapPolicy,
  seen: { readonly log: LogId; readonly gap: Gap },
): void {
  const { log, gap } = seen;
  if (gap.kind === 'unprovable') {
    ports.logger.warn(
      'the shard was quiet for longer than its retention: a loss cannot be ruled out',
      { log },
    );
    return;
  }
  if (policy.onGap === 'fail') {
    const { after, before } = gap;
    throw new EngineError(
      'data',
      `${log}: the stream holds records between ${after?.sequenceNumber ?? 'its beginning'} and ${before.sequenceNumber} that were not delivered; set onGap to 'warn' to record the loss and go on`,
      { code: 'gap' },
    );
  }
  ports.logger.warn('records were lost before they were read', { log });
}
