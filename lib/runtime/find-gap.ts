// Looks for records that left the stream, or were given up, between the head and a batch that begins
// late. What the stream still holds is compared with what was delivered; once the head's own last
// record has left the stream too, nothing can be compared any more, and the commit says so. The first
// batch of a log is always compared with the oldest record of its shard, where the mapping begins.

import { decodeBatch } from '../decoding/decode-batch.ts';
import type { Gap } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import type { LogId } from '../model/ids.ts';
import { compareSequenceNumbers, type Position } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { SourceStream } from '../ports/source-stream.ts';
import { isNearRetention, isSuspiciouslyLate, needsRetention } from '../protocol/gap.ts';
import type { WarmState } from './warm-states.ts';

export interface GapPorts {
  readonly stream: SourceStream;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface GapPolicy {
  /** The mapping gives up on records older than this. */
  readonly recordAgeMaxMs: number;
  /** What to do when records left the stream unread: stop the shard, or commit the loss and go on. */
  readonly onGap: 'fail' | 'warn';
}

/** The gap between the committed position and the first record of a batch; `null` when there is none. */
export async function findGap(
  ports: GapPorts,
  policy: Pick<GapPolicy, 'recordAgeMaxMs'>,
  between: {
    readonly warm: WarmState;
    readonly after: Position | null;
    readonly before: Position;
    /** Arrival of the record at `before`. */
    readonly arrivedAtMs: number;
  },
): Promise<Gap | null> {
  const { warm, after, before } = between;
  if (after === null) return compareWithStream(ports, between);
  if (before.sequenceNumber === after.sequenceNumber) return null;
  const nowMs = ports.clock.nowMs();
  const headArrivedAtMs = warm.head?.arrival?.lastMs ?? between.arrivedAtMs;
  const start = {
    ageMs: nowMs - between.arrivedAtMs,
    quietMs: between.arrivedAtMs - headArrivedAtMs,
    recordAgeMaxMs: policy.recordAgeMaxMs,
  };
  const headAgeMs = nowMs - headArrivedAtMs;
  if (!isSuspiciouslyLate(start) && !needsRetention(headAgeMs)) return null;
  const { retentionMs } = await ports.stream.describe();
  if (!isSuspiciouslyLate(start) && !isNearRetention(headAgeMs, retentionMs)) return null;
  const gap = await compareWithStream(ports, between);
  return gap === null && headAgeMs > retentionMs ? { kind: 'unprovable', after, before } : gap;
}

/** What the stream holds between two records; a delivered record may have left it by now. */
async function compareWithStream(
  ports: GapPorts,
  between: Pick<Parameters<typeof findGap>[2], 'warm' | 'after' | 'before'>,
): Promise<Gap | null> {
  const { warm, after, before } = between;
  const found = await ports.stream.firstAfter({
    shardId: warm.shardId,
    sequenceNumber: after?.sequenceNumber ?? null,
  });
  if (found === before.sequenceNumber) return restOfPack(ports, between);
  const isLost = found !== null && compareSequenceNumbers(found, before.sequenceNumber) < 0;
  return { kind: isLost ? 'lost' : 'unprovable', after, before };
}

/**
 * A commit may end inside a packed record. The mapping gives such a record up as a whole, so that the
 * stream's next record is the one delivered although the rest of the pack was never read.
 */
async function restOfPack(
  ports: GapPorts,
  { warm, after, before }: Parameters<typeof compareWithStream>[1],
): Promise<Gap | null> {
  if (after === null) return null;
  const { shardId } = warm;
  const { sequenceNumber } = after;
  const bytes = await ports.stream.bytesOf({ shardId, sequenceNumber });
  if (bytes === null) return null;
  return unreadCount(bytes, after) > 0 ? { kind: 'lost', after, before } : null;
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
