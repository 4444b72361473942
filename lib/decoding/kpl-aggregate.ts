// The Kinesis Producer Library packs many user records into one Kinesis record: four magic bytes, a
// protobuf message and its MD5. ("KPL Aggregated Record Format", aggregation-format.md of the library.)
//
//   message AggregatedRecord {
//     repeated string partition_key_table     = 1;
//     repeated string explicit_hash_key_table = 2;
//     repeated Record records                 = 3;
//   }
//   message Record {
//     required uint64 partition_key_index     = 1;
//     optional uint64 explicit_hash_key_index = 2;
//     required bytes  data                    = 3;
//     repeated Tag    tags                    = 4;
//   }

import { md5Of } from '../model/hash-range.ts';
import { type ByteRange, visitFields } from './protobuf.ts';
import { utf8TextOf } from './utf8.ts';

/**
 * Either every record of an aggregate or none: one that contradicts itself is not taken in parts. Of a
 * record it is said where its data lies; the keys that it was put with are checked but not kept.
 */
export type OpenedAggregate =
  | { readonly kind: 'opened'; readonly records: readonly ByteRange[] }
  | { readonly kind: 'malformed'; readonly detail: string };

const MAGIC_BYTE_LENGTH = 4;
const CHECKSUM_BYTE_LENGTH = 16;

/**
 * Whether the record in `range` claims to be an aggregate. No event is mistaken for one: the magic
 * bytes are not valid UTF-8.
 */
export function isAggregate(bytes: Uint8Array, { start, end }: ByteRange): boolean {
  return (
    bytes[start] === 0xf3 &&
    end - start >= MAGIC_BYTE_LENGTH &&
    bytes[start + 1] === 0x89 &&
    bytes[start + 2] === 0x9a &&
    bytes[start + 3] === 0xc2
  );
}

/** Whether base64 text may decode to an aggregate: its first three bytes are those of the magic. */
export function mayBeAggregate(base64: string): boolean {
  return base64.startsWith('84ma');
}

/** Opens the aggregate in `range`; the ranges of its records are within `bytes`, in ascending order. */
export function openAggregate(bytes: Buffer, range: ByteRange): OpenedAggregate {
  const message = {
    start: range.start + MAGIC_BYTE_LENGTH,
    end: range.end - CHECKSUM_BYTE_LENGTH,
  };
  if (message.start > message.end) return malformed('it is too short to hold a checksum');
  const checksum = md5Of(bytes.subarray(message.start, message.end));
  if (Buffer.compare(checksum, bytes.subarray(message.end, range.end)) !== 0) {
    return malformed('its checksum does not match');
  }
  return openMessage(bytes, message);
}

interface RecordFields {
  partitionKeyIndex: number;
  explicitHashKeyIndex: number;
  start: number;
  end: number;
}

function openMessage(bytes: Buffer, message: ByteRange): OpenedAggregate {
  let partitionKeyCount = 0;
  let explicitHashKeyCount = 0;
  const found: RecordFields[] = [];
  const wellFormed = visitFields(bytes, message, (field) => {
    if (field.number > 3) return true;
    if (field.kind !== 'bytes') return false;
    if (field.number === 3) {
      const record = readRecord(bytes, field);
      return record !== null && found.push(record) > 0;
    }
    if (field.number === 1) partitionKeyCount += 1;
    else explicitHashKeyCount += 1;
    return utf8TextOf(bytes, field.start, field.end) !== null;
  });
  if (!wellFormed) return malformed('its protobuf message is cut short or contradicts itself');
  if (found.length === 0) return malformed('it holds no record');

  for (const record of found) {
    const { partitionKeyIndex, explicitHashKeyIndex } = record;
    if (partitionKeyIndex >= partitionKeyCount || explicitHashKeyIndex >= explicitHashKeyCount) {
      return malformed('one of its records names a key that is not in its table');
    }
    if (isAggregate(bytes, record)) return malformed('one of its records is packed again');
  }
  return { kind: 'opened', records: found };
}

/** `null` unless the message has all that a record must have. */
function readRecord(bytes: Uint8Array, range: ByteRange): RecordFields | null {
  const record = { partitionKeyIndex: -1, explicitHashKeyIndex: -1, start: -1, end: -1 };
  const wellFormed = visitFields(bytes, range, (field) => {
    if (field.number > 3) return true;
    if (field.kind === 'bytes') {
      record.start = field.start;
      record.end = field.end;
      return field.number === 3;
    }
    if (field.kind !== 'varint' || field.number === 3) return false;
    if (field.number === 1) record.partitionKeyIndex = field.value;
    else record.explicitHashKeyIndex = field.value;
    return true;
  });
  return wellFormed && record.partitionKeyIndex >= 0 && record.start >= 0 ? record : null;
}

const malformed = (cause: string): OpenedAggregate => ({
  kind: 'malformed',
  detail: `the record begins like a KPL aggregate, but ${cause}`,
});
