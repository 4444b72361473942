// The block of rows that deltas and segments share, in key group order so that key groups cost next
// to nothing:
//
//   count of rows
//   count of key groups that have rows, then per key group: distance from the one before, count
//   texts of the keys
//   one column per kind, as number-column.ts and value-column.ts describe
//
// A reader needs no plan: the kinds stand in the operator's header.

import { KEY_GROUP_COUNT } from '../model/hash-range.ts';
import { type ByteReader, type ByteWriter, brokenBytes } from './codec.ts';
import type { KeyDictionary } from './key-dictionary.ts';
import { decodeNumberColumn, encodeNumberColumn, noNumberColumns } from './number-column.ts';
import type { Column, ColumnKind, RowTable } from './row-table.ts';
import { decodeValueColumn, encodeValueColumn } from './value-column.ts';

/** Most cells a block may unfold to: a mutated header must not take the sandbox's memory. */
const CELLS_MAX = 2 ** 27;

/** Rows as they come out of stored bytes. */
export interface DecodedRows {
  readonly texts: readonly string[];
  readonly keyGroups: Uint8Array;
  readonly columns: readonly Column[];
}

/** The slots of a table by key group, in slot order within each. */
export function slotsByKeyGroup(table: RowTable, keys: KeyDictionary): Int32Array {
  const ends = new Int32Array(KEY_GROUP_COUNT + 1);
  for (let slot = 0; slot < table.count; slot += 1) {
    ends[keys.keyGroupOf(table.keyIds[slot]!) + 1]! += 1;
  }
  for (let group = 0; group < KEY_GROUP_COUNT; group += 1) ends[group + 1]! += ends[group]!;
  const slots = new Int32Array(table.count);
  for (let slot = 0; slot < table.count; slot += 1) {
    const group = keys.keyGroupOf(table.keyIds[slot]!);
    slots[ends[group]!] = slot;
    ends[group]! += 1;
  }
  return slots;
}

/** The slots of a table by key group and key text: the same rows always in the same order. */
export function slotsByKey(table: RowTable, keys: KeyDictionary): Int32Array {
  const slots = slotsByKeyGroup(table, keys);
  const texts = Array.from(slots, (slot) => keys.textOf(table.keyIds[slot]!));
  let start = 0;
  while (start < slots.length) {
    const group = keys.keyGroupOf(table.keyIds[slots[start]!]!);
    let end = start + 1;
    while (end < slots.length && keys.keyGroupOf(table.keyIds[slots[end]!]!) === group) end += 1;
    if (end - start <= INSERTION_ROWS_MAX) sortByInsertion(slots, texts, { start, end });
    else sortByText(slots, texts, { start, end });
    start = end;
  }
  return slots;
}

/** A batch leaves a few rows in each key group: too few for a sort that calls back. */
const INSERTION_ROWS_MAX = 32;

interface SlotRange {
  readonly start: number;
  readonly end: number;
}

function sortByInsertion(slots: Int32Array, texts: string[], { start, end }: SlotRange): void {
  for (let next = start + 1; next < end; next += 1) {
    const slot = slots[next]!;
    const text = texts[next]!;
    let place = next;
    for (; place > start && texts[place - 1]! > text; place -= 1) {
      slots[place] = slots[place - 1]!;
      texts[place] = texts[place - 1]!;
    }
    slots[place] = slot;
    texts[place] = text;
  }
}

function sortByText(slots: Int32Array, texts: readonly string[], { start, end }: SlotRange): void {
  const order = Array.from({ length: end - start }, (_, index) => start + index);
  order.sort((left, right) => (texts[left]! < texts[right]! ? -1 : 1));
  slots.set(
    order.map((index) => slots[index]!),
    start,
  );
}

/** Writes the rows in `slots`, which are in key group order. */
export function encodeRows(
  writer: ByteWriter,
  table: RowTable,
  rows: { readonly keys: KeyDictionary; readonly slots: Int32Array },
): void {
  const { slots } = rows;
  encodeKeys(writer, table, rows);
  const numbers = noNumberColumns();
  for (const [index, kind] of table.kinds.entries()) {
    const column = table.columns[index]!;
    if (kind === 'number') {
      encodeNumberColumn(writer, takeNumbers(column as Float64Array, slots), numbers);
    } else {
      const values = column as unknown[] | null;
      encodeValueColumn(writer, values && Array.from(slots, (slot) => values[slot]));
    }
  }
}

/** Writes a block without columns: the keys of the rows in `slots`, which are in key group order. */
export function encodeKeys(
  writer: ByteWriter,
  table: RowTable,
  { keys, slots }: { readonly keys: KeyDictionary; readonly slots: Int32Array },
): void {
  const counts = new Int32Array(KEY_GROUP_COUNT);
  const texts = new Array<string>(slots.length);
  for (let row = 0; row < slots.length; row += 1) {
    const keyId = table.keyIds[slots[row]!]!;
    counts[keys.keyGroupOf(keyId)]! += 1;
    texts[row] = keys.textOf(keyId);
  }
  writer.varint(slots.length);
  encodeKeyGroups(writer, counts);
  writer.texts(texts);
}

function takeNumbers(column: Float64Array, slots: Int32Array): Float64Array {
  const taken = new Float64Array(slots.length);
  for (let row = 0; row < slots.length; row += 1) taken[row] = column[slots[row]!]!;
  return taken;
}

/** Reads a block of rows with columns of these kinds. */
export function decodeRows(reader: ByteReader, kinds: readonly ColumnKind[]): DecodedRows {
  const count = reader.count('rows');
  if (count * kinds.length > CELLS_MAX) throw brokenBytes(`${count} rows are too many`);
  const keyGroups = decodeKeyGroups(reader, count);
  if (count > reader.remaining) throw brokenBytes('there are fewer keys than rows');
  const texts = reader.texts(count);
  const numbers = noNumberColumns();
  const columns = kinds.map((kind) =>
    kind === 'number'
      ? decodeNumberColumn(reader, count, numbers)
      : decodeValueColumn(reader, count),
  );
  return { texts, keyGroups, columns };
}

function encodeKeyGroups(writer: ByteWriter, counts: Int32Array): void {
  writer.varint(counts.reduce((groups, count) => groups + (count > 0 ? 1 : 0), 0));
  let previous = 0;
  for (let group = 0; group < KEY_GROUP_COUNT; group += 1) {
    if (counts[group] === 0) continue;
    writer.varint(group - previous);
    writer.varint(counts[group]!);
    previous = group;
  }
}

function decodeKeyGroups(reader: ByteReader, count: number): Uint8Array {
  const keyGroups = new Uint8Array(count);
  let group = 0;
  let row = 0;
  for (let runs = reader.count('key groups', 2); runs > 0; runs -= 1) {
    group += reader.varint();
    const rows = reader.varint();
    if (group >= KEY_GROUP_COUNT || rows > count - row) throw brokenBytes('a key group is off');
    keyGroups.fill(group, row, row + rows);
    row += rows;
  }
  if (row !== count) throw brokenBytes('rows are without a key group');
  return keyGroups;
}
