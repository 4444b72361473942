import { assert } from '../../model/assert.ts';
import { checkPlainRow, holdsLoneSurrogate } from './plain-check.ts';
import { encodeLines } from './text.ts';
import { type EncodedRow, encodeSafely, notStorable } from './unstorable.ts';

/**
 * A row as one line of NDJSON, without a line feed: own properties in the order of the row,
 * decimals as text, dates in ISO 8601. Fields that are `undefined` are left out. What JSON has no
 * form for, such as NaN, is refused instead of being changed silently.
 */
export function encodeObjectRow(row: unknown): EncodedRow {
  if (typeof row !== 'object' || row === null) {
    return notStorable(null, 'is no object, so it has no fields');
  }
  return encodeSafely(() => encodePlainRow(row));
}

function encodePlainRow(row: object): EncodedRow {
  const refusal = checkPlainRow(row);
  if (refusal !== null) return refusal;
  const line = JSON.stringify(row);
  // Half of a surrogate pair comes out as such an escape, and so does a backslash before `ud`.
  if (line.includes('\\ud') && holdsLoneSurrogate(row)) {
    return notStorable(null, 'holds half of a surrogate pair');
  }
  return line;
}

/** How rows are divided into Hive-style partitions of their time, in UTC. */
export type PartitionBy = 'day' | 'hour' | 'none';

/** Lines for one sink, with the time of each in milliseconds since 1970 UTC. */
export interface TimedLines {
  readonly lines: readonly string[];
  /** As long as `lines`; not read when rows are not partitioned. */
  readonly timesMs: readonly number[];
}

/** A finished object; it is immutable under this key. */
export interface EncodedObject {
  readonly key: string;
  readonly rowCount: number;
  readonly bytes: Uint8Array;
}

/**
 * One object per partition, in the order in which the partitions first occur, under
 * `prefix + partition + outputName-i.ndjson` with i from 0.
 */
export function encodeObjects(
  rows: TimedLines,
  place: {
    readonly prefix: string;
    readonly partitionBy: PartitionBy;
    readonly outputName: string;
  },
): readonly EncodedObject[] {
  const partitionOf = createPartitioner(place.partitionBy);
  const partitions = new Map<string, string[]>();
  let current = '';
  let currentLines: string[] | undefined;
  for (let index = 0; index < rows.lines.length; index += 1) {
    const partition = partitionOf(rows.timesMs[index]!);
    if (currentLines === undefined || partition !== current) {
      current = partition;
      currentLines = partitions.get(partition) ?? [];
      partitions.set(partition, currentLines);
    }
    currentLines.push(rows.lines[index]!);
  }
  return [...partitions].map(([partition, lines], index) => ({
    key: `${place.prefix}${partition}${place.outputName}-${index}.ndjson`,
    rowCount: lines.length,
    bytes: encodeLines(lines),
  }));
}

const HOUR_MS = 3_600_000;
/** The years 0001 to 9999, whose dates have ten characters. */
const TIME_MS_MIN = -62_135_596_800_000;
const TIME_MS_MAX = 253_402_300_799_999;

/**
 * Maps times to `dt=2001-01-31/` or `dt=2001-01-31/hh=07/`, or to no partition. Text of a partition
 * is made of digits only, never of data; a time outside of the years 0001 to 9999 is an `internal`
 * error, since no event can have it.
 */
export function createPartitioner(partitionBy: PartitionBy): (timeMs: number) => string {
  if (partitionBy === 'none') return () => '';
  let currentHour = Number.NaN;
  let current = '';
  return (timeMs) => {
    const hour = Math.floor(timeMs / HOUR_MS);
    if (hour === currentHour) return current;
    assert(
      timeMs >= TIME_MS_MIN && timeMs <= TIME_MS_MAX,
      `a row's time must be in the years 0001 to 9999 to be in a partition: ${timeMs}`,
    );
    const iso = new Date(timeMs).toISOString();
    const day = `dt=${iso.slice(0, 10)}/`;
    currentHour = hour;
    current = partitionBy === 'day' ? day : `${day}hh=${iso.slice(11, 13)}/`;
    return current;
  };
}
