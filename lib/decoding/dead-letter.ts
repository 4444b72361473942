/** A record that was set aside, with all that is needed to look into it or to put it again. */
export interface DeadLetter {
  /** A stable code. */
  readonly reason: string;
  /** A sentence that never quotes the record. */
  readonly detail: string;
  /** The record's original bytes. */
  readonly data: Uint8Array;
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
  /** Arrival at Kinesis in milliseconds since 1970 UTC. */
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
