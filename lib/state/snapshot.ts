// A snapshot is the whole keyed state, cut into segments by key group so that a shard's part of it
// can be read alone. It is canonical: operators by uid, row keys ascending, rows by key group and key
// text, so that equal states give equal bytes however they came about. A segment, before compression:
//
//   version byte 0x81 · first key group · last key group (a byte each) · count of operators, each:
//     uid · schema id · count of columns · kind per column (0 number, 1 value)
//     count of tables, each: row key (zigzag) · block of rows (rows-codec.ts)
//
// The segments of a snapshot tile the key groups 0 to 255; an empty state is one empty segment.

import { KEY_GROUP_COUNT } from '../model/hash-range.ts';
import { ByteReader, ByteWriter, brokenBytes } from './codec.ts';
import {
  type DecodedTable,
  decodeOperatorHeader,
  decodeTable,
  decodeTables,
  encodeOperatorHeader,
  type OperatorHeader,
} from './delta.ts';
import { readFormatVersion, SEGMENT_FORMAT_VERSION } from './format-version.ts';
import type { OperatorState } from './operator-state.ts';
import type { RowTable } from './row-table.ts';
import { encodeRows, slotsByKey } from './rows-codec.ts';

/** Rows after which a segment ends at the next key group: about 10 MB of plain numbers and keys. */
const SEGMENT_ROWS = 250_000;

/** Consecutive key groups of a snapshot, uncompressed. */
export interface Segment {
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
  readonly bytes: Uint8Array;
}

export interface DecodedSegment {
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
  readonly operators: readonly (OperatorHeader & { readonly tables: readonly DecodedTable[] })[];
}

/** A table with its slots in canonical order and the place where each key group begins. */
interface OrderedTable {
  readonly rowKey: number;
  readonly table: RowTable;
  readonly slots: Int32Array;
  readonly starts: Int32Array;
}

interface OrderedOperator {
  readonly state: OperatorState;
  readonly tables: readonly OrderedTable[];
}

export function encodeSegments(operators: readonly OperatorState[]): Segment[] {
  const ordered = operators
    .toSorted((left, right) => (left.uid < right.uid ? -1 : 1))
    .map((state) => ({ state, tables: orderTables(state) }));
  const segments: Segment[] = [];
  let firstKeyGroup = 0;
  let rows = 0;
  for (let group = 0; group < KEY_GROUP_COUNT; group += 1) {
    for (const { tables } of ordered) {
      for (const { starts } of tables) rows += starts[group + 1]! - starts[group]!;
    }
    if (rows < SEGMENT_ROWS && group < KEY_GROUP_COUNT - 1) continue;
    const bytes = encodeSegment(ordered, firstKeyGroup, group);
    segments.push({ firstKeyGroup, lastKeyGroup: group, bytes });
    firstKeyGroup = group + 1;
    rows = 0;
  }
  return segments;
}

/** Takes a segment apart; every row lies in a key group of the segment. */
export function decodeSegment(bytes: Uint8Array): DecodedSegment {
  const reader = new ByteReader(bytes);
  readFormatVersion(reader, SEGMENT_FORMAT_VERSION);
  const firstKeyGroup = reader.byte();
  const lastKeyGroup = reader.byte();
  if (firstKeyGroup > lastKeyGroup) throw brokenBytes('a segment ends before it begins');
  const operators = [];
  for (let count = reader.count('operators'); count > 0; count -= 1) {
    const header = decodeOperatorHeader(reader);
    operators.push({ ...header, tables: decodeTables(reader, header.kinds, decodeTable) });
  }
  reader.end();
  for (const { rows } of operators.flatMap((operator) => operator.tables)) {
    const groups = rows.keyGroups;
    if (groups[0]! < firstKeyGroup || groups[groups.length - 1]! > lastKeyGroup) {
      throw brokenBytes('a row lies outside the key groups of its segment');
    }
  }
  return { firstKeyGroup, lastKeyGroup, operators };
}

function orderTables(state: OperatorState): OrderedTable[] {
  return [...state.tables]
    .sort(([left], [right]) => left - right)
    .map(([rowKey, table]) => {
      const slots = slotsByKey(table, state.keys);
      const starts = new Int32Array(KEY_GROUP_COUNT + 1);
      for (const slot of slots) starts[state.keys.keyGroupOf(table.keyIds[slot]!) + 1]! += 1;
      for (let group = 0; group < KEY_GROUP_COUNT; group += 1) {
        starts[group + 1]! += starts[group]!;
      }
      return { rowKey, table, slots, starts };
    });
}

function encodeSegment(
  operators: readonly OrderedOperator[],
  firstKeyGroup: number,
  lastKeyGroup: number,
): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(SEGMENT_FORMAT_VERSION);
  writer.byte(firstKeyGroup);
  writer.byte(lastKeyGroup);
  const slotsOf = ({ slots, starts }: OrderedTable) =>
    slots.subarray(starts[firstKeyGroup]!, starts[lastKeyGroup + 1]!);
  const present = operators
    .map(({ state, tables }) => ({
      state,
      tables: tables.filter((table) => slotsOf(table).length > 0),
    }))
    .filter(({ tables }) => tables.length > 0);
  writer.varint(present.length);
  for (const { state, tables } of present) {
    encodeOperatorHeader(writer, state);
    writer.varint(tables.length);
    for (const ordered of tables) {
      writer.zigzag(ordered.rowKey);
      encodeRows(writer, ordered.table, { keys: state.keys, slots: slotsOf(ordered) });
    }
  }
  return writer.finish();
}
