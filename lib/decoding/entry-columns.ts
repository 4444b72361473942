import type { DeliveredRecord } from '../model/record.ts';
import type { Reject } from './decoded-batch.ts';
import { DIVIDER, SLAB_HEAD_BYTE_LENGTH } from './slab-events.ts';

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
  arrivedAtMs: Float64Array;
  subSequenceNumbers: Int32Array;
  /** Where each entry begins, and behind the last one, where another would. */
  starts: Uint32Array;
  /** Entries that are aggregates which could not be opened, by index. */
  readonly malformed = new Map<number, Reject>();

  /** `capacity`: how many entries there will be if no record is packed. */
  constructor(slab: Buffer, capacity: number) {
    this.slab = slab;
    this.sequenceNumbers = new Array<string>(capacity);
    this.arrivedAtMs = new Float64Array(capacity);
    this.subSequenceNumbers = new Int32Array(capacity);
    this.starts = new Uint32Array(capacity + 1);
    this.starts[0] = SLAB_HEAD_BYTE_LENGTH;
  }

  /** Where the bytes of the next entry have to begin. */
  get nextStart(): number {
    return this.starts[this.count]!;
  }

  /** Adds the entry whose bytes lie from `nextStart` to `end`; `record` is what it came in. */
  add(record: DeliveredRecord['kinesis'], subSequenceNumber: number, end: number): void {
    const index = this.count;
    if (index === this.subSequenceNumbers.length) this.grow();
    this.sequenceNumbers[index] = record.sequenceNumber;
    this.subSequenceNumbers[index] = subSequenceNumber;
    // Seconds with a fraction of three digits: the product is off by far less than half a millisecond.
    this.arrivedAtMs[index] = Math.round(record.approximateArrivalTimestamp * 1000);
    this.slab[end] = DIVIDER.first;
    this.slab[end + 1] = DIVIDER.second;
    this.starts[index + 1] = end + DIVIDER.byteLength;
    this.count = index + 1;
  }

  /** Only batches with aggregates need more room than they have records. */
  private grow(): void {
    const capacity = 2 * this.subSequenceNumbers.length;
    const { arrivedAtMs, subSequenceNumbers, starts } = this;
    this.arrivedAtMs = new Float64Array(capacity);
    this.arrivedAtMs.set(arrivedAtMs);
    this.subSequenceNumbers = new Int32Array(capacity);
    this.subSequenceNumbers.set(subSequenceNumbers);
    this.starts = new Uint32Array(capacity + 1);
    this.starts.set(starts);
  }
}
