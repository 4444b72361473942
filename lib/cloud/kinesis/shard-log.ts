// The records of one shard. A record keeps one index for ever, counted from the shard's first
// record, so a reader's place stays right while old records are dropped from the front.

/** One stored record; readers must not change `data`. */
export interface StoredRecord {
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly data: Uint8Array;
  readonly arrivalMs: number;
  /** Bytes of the parts that vary in a Lambda event, summed over this shard's records before this one. */
  readonly eventBytesBefore: number;
}

export interface ShardLog {
  /** Index of the oldest record still held. */
  readonly first: number;
  /** Index after the newest record. */
  readonly end: number;
  append(record: Omit<StoredRecord, 'eventBytesBefore'>): void;
  at(index: number): StoredRecord;
  slice(from: number, to: number): StoredRecord[];
  /** Sum of the varying event bytes of the records in `[from, to)`. */
  eventBytes(from: number, to: number): number;
  /** First held index whose sequence number is at least, or with `after` above, the given one. */
  indexOfSequence(sequenceNumber: string, after: boolean): number;
  /** First held index that arrived at or after `arrivalMs`. */
  indexOfArrival(arrivalMs: number): number;
  /** Drops the records that arrived before `arrivalMs`. */
  trim(arrivalMs: number): void;
  dump(): ShardLogState;
}

export interface ShardLogState {
  readonly first: number;
  readonly eventBytesEnd: number;
  readonly records: readonly StoredRecord[];
}

const EMPTY: ShardLogState = { first: 0, eventBytesEnd: 0, records: [] };

export function createShardLog(state: ShardLogState = EMPTY): ShardLog {
  let records = [...state.records];
  let base = state.first; // index of records[0]
  let dropped = 0; // leading records that are logically gone
  let eventBytesEnd = state.eventBytesEnd;
  const search = (isBefore: (record: StoredRecord) => boolean) => {
    let low = dropped;
    let high = records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(records[middle]!)) low = middle + 1;
      else high = middle;
    }
    return base + low;
  };
  return {
    get first() {
      return base + dropped;
    },
    get end() {
      return base + records.length;
    },
    append(record) {
      records.push({
        sequenceNumber: record.sequenceNumber,
        partitionKey: record.partitionKey,
        data: record.data,
        arrivalMs: record.arrivalMs,
        eventBytesBefore: eventBytesEnd,
      });
      eventBytesEnd += varyingEventBytes(record);
    },
    at: (index) => records[index - base]!,
    slice: (from, to) => records.slice(from - base, to - base),
    eventBytes(from, to) {
      const before = (index: number) => records[index - base]?.eventBytesBefore ?? eventBytesEnd;
      return before(to) - before(from);
    },
    // All numbers of a shard have the same length, so their order as text is their order by value.
    indexOfSequence: (sequenceNumber, after) =>
      search(
        after
          ? (record) => record.sequenceNumber <= sequenceNumber
          : (record) => record.sequenceNumber < sequenceNumber,
      ),
    indexOfArrival: (arrivalMs) => search((record) => record.arrivalMs < arrivalMs),
    trim(arrivalMs) {
      while (dropped < records.length && records[dropped]!.arrivalMs < arrivalMs) dropped += 1;
      // The array is cut only when half of it is gone, so that trimming costs O(1) per record.
      if (dropped * 2 <= records.length || dropped === 0) return;
      records = records.slice(dropped);
      base += dropped;
      dropped = 0;
    },
    dump: () => ({ first: base + dropped, eventBytesEnd, records: records.slice(dropped) }),
  };
}

/** Characters that are one byte each in JSON. */
const PLAIN_TEXT = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Base64 of the data, the key as JSON without quotes, and the arrival time in seconds. */
function varyingEventBytes(record: Omit<StoredRecord, 'eventBytesBefore'>): number {
  const key = record.partitionKey;
  const keyBytes = PLAIN_TEXT.test(key) ? key.length : Buffer.byteLength(JSON.stringify(key)) - 2;
  return (
    Math.ceil(record.data.byteLength / 3) * 4 + keyBytes + String(record.arrivalMs / 1_000).length
  );
}
