/** A record that was set aside, with all that is needed to look into it or to put it again. */
export interface DeadLetter {
  /** A stable code. */
  readonly reason: string;
  /** A sentence that never quotes the record. */
  readonly detail: string;
  /** The record's original bytes. */
  readonly data: Uint8Array;
  /** `null`, as the two that follow, for a row of a batch without records. */
  readonly shardId: string | null;
  readonly sequenceNumber: string | null;
  readonly subSequenceNumber: number | null;
  /** Arrival at Kinesis in milliseconds since 1970 UTC; the batch's time where there was no record. */
  readonly arrivedAtMs: number;
}

/** One line of NDJSON without a line feed; `data` is base64, `arrivedAt` ISO 8601 in UTC. */
export function encodeDeadLetter(letter: DeadLetter): string {
  const { data } = letter;
  return JSON.stringify({
    reason: letter.reason,
    detail: letter.detail,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    shardId: letter.shardId,
    sequenceNumber: letter.sequenceNumber,
    subSequenceNumber: letter.subSequenceNumber,
    arrivedAt: new Date(letter.arrivedAtMs).toISOString(),
  });
}
