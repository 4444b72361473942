// Looks for records that left the stream, or were given up, between the head and a batch that begins
// late. What the stream still holds is compared with what was delivered; once the head's own last
// record has left the stream too, nothing can be compared any more, and the commit says so.

import type { Gap } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import type { LogId } from '../model/ids.ts';
import type { Position } from '../model/record.ts';
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
  if (after === null || before.sequenceNumber === after.sequenceNumber) return null;
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
  const found = await ports.stream.firstAfter({
    shardId: warm.shardId,
    sequenceNumber: after.sequenceNumber,
  });
  if (found !== before.sequenceNumber) return { kind: 'lost', after, before };
  return headAgeMs <= retentionMs ? null : { kind: 'unprovable', after, before };
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
      `${log}: the record after ${after.sequenceNumber} is not ${before.sequenceNumber}, which was delivered; set onGap to 'warn' to record the loss and go on`,
      { code: 'gap' },
    );
  }
  ports.logger.warn('records were lost before they were read', { log });
}
