import { asSequenceNumber } from '../../lib/model/ids.ts';
import type { DeliveredRecord, Position } from '../../lib/model/record.ts';

const FIRST_SEQUENCE_NUMBER =
  49_600_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000n;
const FIRST_ARRIVAL_S = 1_700_000_000;

/** The sequence number of the record at `index` of a shard: ascending, but not dense. */
export function sequenceNumberAt(index: number): string {
  return String(FIRST_SEQUENCE_NUMBER + BigInt(index) * 3n);
}

/** The position of the record at `index`. */
export function positionAt(index: number, subSequenceNumber = 0): Position {
  return { sequenceNumber: asSequenceNumber(sequenceNumberAt(index)), subSequenceNumber };
}

/** The record at `index` of a shard with these bytes, as the mapping delivers it. */
export function aRecord(
  data: Uint8Array | string,
  index = 0,
  overrides: Partial<DeliveredRecord['kinesis']> = {},
): DeliveredRecord {
  const sequenceNumber = sequenceNumberAt(index);
  return {
    kinesis: {
      sequenceNumber,
      partitionKey: `key-${index}`,
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: FIRST_ARRIVAL_S + index / 1_000,
      ...overrides,
    },
    eventID: `shardId-000000000000:${sequenceNumber}`,
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/test',
  };
}

/** Records with these bytes, one after the other. */
export function someRecords(datas: readonly (Uint8Array | string)[]): readonly DeliveredRecord[] {
  return datas.map((data, index) => aRecord(data, index));
}
