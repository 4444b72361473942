// Sequence numbers are not dense, so a hole in a shard cannot be seen by arithmetic. A batch that
// begins suspiciously late is compared with the stream itself: after the head's last position the
// shard must hold exactly the record that was delivered first.

import { QUIET_ARRIVAL_MS } from '../model/limits.ts';

/** The shortest retention a stream can have is 24 hours, so a younger record needs no look at it. */
const RETENTION_MIN_MS = 24 * 3_600_000;

export interface LateStart {
  /** Age of the first record of this batch. */
  readonly ageMs: number;
  /** From the arrival of the head's last record to that of this batch's first. */
  readonly quietMs: number;
  readonly recordAgeMaxMs: number;
}

/** Whether records may have been skipped, as far as the batch alone can tell. */
export function isSuspiciouslyLate(start: LateStart): boolean {
  return start.quietMs > QUIET_ARRIVAL_MS || start.ageMs > start.recordAgeMaxMs / 2;
}

/** Whether records may have left the stream unread. */
export function isNearRetention(ageMs: number, retentionMs: number): boolean {
  return ageMs > retentionMs / 2;
}

/** Whether the stream's retention matters at all for a record of this age. */
export const needsRetention = (ageMs: number) => isNearRetention(ageMs, RETENTION_MIN_MS);
