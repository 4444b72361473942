import type { DeliveredRecord } from '../model/record.ts';
import type { Reject } from './decoded-batch.ts';
import { DIVIDER, SLAB_HEAD_BYTE_LENGTH } from './slab-events.ts';

/** What an entry has from the aggregate that it came in. */
export interface PackedEntry {
  readonly subSequenceNumber: number;
  readonly isLast: boolean;
  readonly explicitHashKey: string | null;
}

/** What an entry has from its Kinesis record, but that a packed one has a partition key of its own. */
type RecordFields = Omit<DeliveredRecord['kinesis'], 'data'>;

/**
 * The entries of a batch while it is decoded, as columns of which the first `count` places are
 * used; they have room from the start, because lists that grow cost as much as the decoding.
 */
export class EntryColumns {
  /** One head, then the bytes of each entry with a divider behind. */
  readonly slab: Buffer;
  count = 0;
  duplicateCount = 0;
  readonly sequenceNumbers: string[];
  readonly partitionKeys: string[];
  arrivedAtMs: Float64Array;
  recordIndexes: Int32Array;
  /** Where each entry begins, and behind the last one, where another would. */
  starts: Uint32Array;
  /** Entries that came in an aggregate, by index. */
  readonly packed = new Map<number, PackedEntry>();
  /** Entries that are aggregates which could not be opened, by index. */
  readonly malformed = new Map<number, Reject>();

  /** `capacity`: how many entries there will be if no record is packed. */
  constructor(slab: Buffer, capacity: number) {
    this.slab = slab;
    this.sequenceNumbers = new Array<string>(capacity);
    this.partitionKeys = new Array<string>(capacity);
    this.arrivedAtMs = new Float64Array(capacity);
    this.recordIndexes = new Int32Array(capacity);
    this.starts = new Uint32Array(capacity + 1);
    this.starts[0] = SLAB_HEAD_BYTE_LENGTH;
  }

  /** Where the bytes of the next entry have to begin. */
  get nextStart(): number {
    return this.starts[this.count]!;
  }

  /** Adds the entry whose bytes lie from `nextStart` to `end`. */
  add(record: RecordFields, recordIndex: number, end: number): void {
    const index = this.count;
    if (index === this.recordIndexes.length) this.grow();
    this.sequenceNumbers[index] = record.sequenceNumber;
    this.partitionKeys[index] = record.partitionKey;
    // Seconds with a fraction of three digits: the product is off by far less than half a millisecond.
    this.arrivedAtMs[index] = Math.round(record.approximateArrivalTimestamp * 1000);
    this.recordIndexes[index] = recordIndex;
    this.slab[end] = DIVIDER.first;
    this.slab[end + 1] = DIVIDER.second;
    this.starts[index + 1] = end + DIVIDER.byteLength;
    this.count = index + 1;
  }

  /** Only batches with aggregates need more room than they have records. */
  private grow(): void {
    const capacity = 2 * this.recordIndexes.length;
    const { arrivedAtMs, recordIndexes, starts } = this;
    this.arrivedAtMs = new Float64Array(capacity);
    this.arrivedAtMs.set(arrivedAtMs);
    this.recordIndexes = new Int32Array(capacity);
    this.recordIndexes.set(recordIndexes);
    this.starts = new Uint32Array(capacity + 1);
    this.starts.set(starts);
  }
}
