// The event that Lambda builds from Kinesis records, and its size without building it
// ("Using Lambda to process records from Amazon Kinesis Data Streams", "Lambda quotas").

import type { StoredRecord } from '../kinesis/shard-log.ts';

/** Synchronous invocation payload: 6 MB. */
export const EVENT_BYTES_MAX = 6_291_456;
const EVENT_BYTES_WRAPPER = '{"Records":[]}'.length;

/** The parts of an event that all records of one shard share. */
export interface EventFrame {
  readonly shardId: string;
  readonly streamArn: string;
  readonly region: string;
  readonly roleArn: string;
}

/** The event of these records as JSON text. */
export function encodeEvent(frame: EventFrame, records: readonly StoredRecord[]): string {
  const before = '{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":';
  const after = `,"eventName":"aws:kinesis:record","invokeIdentityArn":${JSON.stringify(frame.roleArn)},"awsRegion":"${frame.region}","eventSourceARN":"${frame.streamArn}"}`;
  const id = `},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"${frame.shardId}:`;
  const parts = records.map(({ partitionKey, sequenceNumber, data, arrivalMs }) => {
    const key = JSON.stringify(partitionKey);
    const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    return `${before}${key},"sequenceNumber":"${sequenceNumber}","data":"${base64}","approximateArrivalTimestamp":${arrivalMs / 1_000}${id}${sequenceNumber}"${after}`;
  });
  return `{"Records":[${parts.join(',')}]}`;
}

/** Bytes of one record in the event besides key, data and arrival time; with its comma. */
export function fixedRecordBytes(frame: EventFrame): number {
  const record: StoredRecord = {
    sequenceNumber: '0'.repeat(56),
    partitionKey: '',
    data: new Uint8Array(0),
    arrivalMs: 0,
    eventBytesBefore: 0,
  };
  const arrivalDigits = 1;
  const text = encodeEvent(frame, [record]);
  return Buffer.byteLength(text) - EVENT_BYTES_WRAPPER - arrivalDigits + ','.length;
}

/** Bytes of an event of at least one record, from sums. */
export function eventByteLength(sums: {
  readonly fixedBytes: number;
  readonly recordCount: number;
  readonly varyingBytes: number;
}): number {
  const commaAfterLast = ','.length;
  return (
    EVENT_BYTES_WRAPPER - commaAfterLast + sums.recordCount * sums.fixedBytes + sums.varyingBytes
  );
}
