// What is left of records that a mapping gives up on
// ("Retain discarded batch records for a Kinesis Data Streams event source in Lambda").

import type { StoredRecord } from '../kinesis/shard-log.ts';

export type DiscardReason =
  | 'RetryAttemptsExhausted'
  | 'RecordAgeExceeded'
  /** One record whose event is above 6 MB cannot be delivered at all. */
  | 'PayloadSizeExceeded';

/** Records given up, and where they go. */
export interface Discarded {
  readonly destination: string;
  /** For a bucket: the object's key. */
  readonly key: string;
  /** The JSON document; for a bucket it holds the event under `payload` as well. */
  readonly body: string;
}

export interface DiscardedBatch {
  readonly mappingId: string;
  readonly functionArn: string;
  readonly version: string;
  readonly streamArn: string;
  readonly shardId: string;
  readonly reason: DiscardReason;
  readonly invokeCount: number;
  readonly records: readonly StoredRecord[];
  readonly nowMs: number;
}

/** Describes a discarded batch for its destination. `uuid` gives the two ids it needs. */
export function describeDiscarded(
  batch: DiscardedBatch,
  to: { readonly destination: string; readonly uuid: () => string; readonly event: () => string },
): Discarded {
  const first = batch.records[0]!;
  const last = batch.records.at(-1)!;
  const invoked = batch.reason === 'RetryAttemptsExhausted';
  const document = {
    requestContext: {
      requestId: to.uuid(),
      functionArn: batch.functionArn,
      condition: batch.reason,
      approximateInvokeCount: batch.invokeCount,
    },
    ...(invoked
      ? {
          responseContext: {
            statusCode: 200,
            executedVersion: batch.version,
            functionError: 'Unhandled',
          },
        }
      : {}),
    version: '1.0',
    timestamp: new Date(batch.nowMs).toISOString(),
    KinesisBatchInfo: {
      shardId: batch.shardId,
      startSequenceNumber: first.sequenceNumber,
      endSequenceNumber: last.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(first.arrivalMs).toISOString(),
      approximateArrivalOfLastRecord: new Date(last.arrivalMs).toISOString(),
      batchSize: batch.records.length,
      streamArn: batch.streamArn,
    },
    ...(isBucket(to.destination) ? { payload: to.event() } : {}),
  };
  return {
    destination: to.destination,
    key: keyOf(batch, to.uuid()),
    body: JSON.stringify(document),
  };
}

function isBucket(arn: string): boolean {
  return arn.startsWith('arn:aws:s3:::');
}

function keyOf(batch: DiscardedBatch, uuid: string): string {
  const [day, time] = new Date(batch.nowMs).toISOString().split('T') as [string, string];
  const clock = time.slice(0, 8).replaceAll(':', '.');
  const folder = `aws/lambda/${batch.mappingId}/${batch.shardId}/${day.replaceAll('-', '/')}`;
  return `${folder}/${day}T${clock}-${uuid}`;
}
