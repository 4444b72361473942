// Delivered records become entries in one slab. Records at or below the committed position are
// dropped by position alone, before anything of them is parsed; of a packed one only the envelope
// is opened, to count its records. All other bytes are decoded from base64 into one slab: one
// allocation per batch, and no buffer per record.

import { compareSequenceNumbers, type DeliveredRecord, type Position } from '../model/record.ts';
import type { DecodedBatch } from './decoded-batch.ts';
import { EntryColumns } from './entry-columns.ts';
import { isAggregate, mayBeAggregate, openAggregate } from './kpl-aggregate.ts';
import type { ByteRange } from './protobuf.ts';
import { SlabBatch } from './slab-batch.ts';
import { DIVIDER, SLAB_HEAD_BYTE_LENGTH } from './slab-events.ts';

/**
 * Decodes the records of one invocation, in the order of their delivery; `committed` is the
 * position after the last commit, `null` on an empty log. Never throws, whatever the bytes are.
 */
export function decodeBatch(
  records: readonly DeliveredRecord[],
  committed: Position | null,
): DecodedBatch {
  const slab = Buffer.allocUnsafeSlow(slabByteLength(records));
  const entries = new EntryColumns(slab, records.length);
  for (let recordIndex = 0; recordIndex < records.length; recordIndex += 1) {
    const { kinesis } = records[recordIndex]!;
    const { data } = kinesis;
    const duplicatesMax = duplicatesMaxOf(kinesis.sequenceNumber, committed);
    if (duplicatesMax === Infinity && !mayBeAggregate(data)) {
      entries.duplicateCount += 1;
      continue;
    }
    const start = entries.nextStart;
    const end = start + slab.write(data, start, 'base64');
    if (isAggregate(slab, { start, end })) {
      addAggregate(entries, { kinesis, range: { start, end }, duplicatesMax });
    } else if (duplicatesMax > 0) {
      entries.duplicateCount += 1;
    } else {
      entries.add(kinesis, 0, end);
    }
  }
  return new SlabBatch(entries);
}

/** Room for all bytes, which base64 states 4 for 3, and for a divider after each record. */
function slabByteLength(records: readonly DeliveredRecord[]): number {
  let base64Length = 0;
  for (let index = 0; index < records.length; index += 1) {
    base64Length += records[index]!.kinesis.data.length;
  }
  return (
    SLAB_HEAD_BYTE_LENGTH + Math.ceil((base64Length * 3) / 4) + records.length * DIVIDER.byteLength
  );
}

/** How many records of this sequence number, counted from sub-sequence number 0, are duplicates. */
function duplicatesMaxOf(sequenceNumber: string, committed: Position | null): number {
  if (committed === null) return 0;
  const order = compareSequenceNumbers(sequenceNumber, committed.sequenceNumber);
  return order > 0 ? 0 : order < 0 ? Infinity : committed.subSequenceNumber + 1;
}

/** Adds the records of an aggregate: their bytes move together, over those of the envelope. */
function addAggregate(
  entries: EntryColumns,
  aggregate: {
    readonly kinesis: DeliveredRecord['kinesis'];
    readonly range: ByteRange;
    readonly duplicatesMax: number;
  },
): void {
  const { kinesis, range, duplicatesMax } = aggregate;
  const opened = openAggregate(entries.slab, range);
  const subCount = opened.kind === 'opened' ? opened.records.length : 1;
  const duplicateCount = Math.min(duplicatesMax, subCount);
  entries.duplicateCount += duplicateCount;
  if (duplicateCount === subCount) return;
  if (opened.kind === 'malformed') {
    const { detail } = opened;
    entries.malformed.set(entries.count, { reason: 'kpl-malformed', detail });
    entries.add(kinesis, 0, range.end);
    return;
  }
  for (let sub = duplicateCount; sub < subCount; sub += 1) {
    const record = opened.records[sub]!;
    const end = entries.nextStart + (record.end - record.start);
    // The envelope spends more bytes on each record than a divider has, so that the ranges ascend
    // and the target never passes the source: nothing is overwritten before it was moved.
    entries.slab.copyWithin(entries.nextStart, record.start, record.end);
    entries.add(kinesis, sub, end);
  }
}
