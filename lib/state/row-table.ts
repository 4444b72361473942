// The rows of one operator and one row key (a window's start): key ids and typed columns, addressed
// by slot. Columns of doubles are Float64Arrays; columns of JSON values are arrays that exist only
// once something was stored in them. A table is emptied and used again when its window closes, so
// that windows that come and go leave nothing to the garbage collector.

import { SlotIndex } from './slot-index.ts';

/** `number`: doubles, NaN for nothing yet. `value`: any JSON value, `undefined` for nothing yet. */
export type ColumnKind = 'number' | 'value';

export type Column = Float64Array | unknown[] | null;

const INITIAL_SLOTS = 16;

export class RowTable {
  readonly kinds: readonly ColumnKind[];
  /** Rows lie in the slots 0 .. count - 1. */
  count = 0;
  keyIds = new Int32Array(INITIAL_SLOTS);
  /** One per kind; read them again after every `append`, which may replace them. */
  readonly columns: Column[];
  private readonly index = new SlotIndex();
  /** Rows of a draft that stand for a removal; `null` while there are none. */
  private tombstones: Uint8Array | null = null;

  constructor(kinds: readonly ColumnKind[]) {
    this.kinds = kinds;
    this.columns = kinds.map((kind) =>
      kind === 'number' ? new Float64Array(INITIAL_SLOTS) : null,
    );
  }

  /** The slot of a key, or -1. */
  find(keyId: number): number {
    return this.index.find(keyId, this.keyIds);
  }

  /** Adds a row for a key that has none; its doubles are unset, its values nothing. */
  append(keyId: number): number {
    const slot = this.count;
    if (slot === this.keyIds.length) this.grow(slot * 2);
    this.keyIds[slot] = keyId;
    this.index.add(slot, this.keyIds);
    this.count = slot + 1;
    if (this.tombstones !== null) this.setRemoved(slot, false);
    return slot;
  }

  /** Whether the row stands for a removal. */
  isRemoved(slot: number): boolean {
    return this.tombstones !== null && this.tombstones[slot] === 1;
  }

  /** Turns the row into a removal or back; a draft's table alone may hold such rows. */
  setRemoved(slot: number, removed: boolean): void {
    if (this.tombstones === null) {
      if (!removed) return;
      this.tombstones = new Uint8Array(this.keyIds.length);
    }
    this.tombstones[slot] = removed ? 1 : 0;
  }

  /** Takes back the row that was appended last. */
  removeLast(): void {
    this.count -= 1;
    this.index.removeLast(this.count, this.keyIds);
    for (const column of this.columns) {
      if (Array.isArray(column)) column[this.count] = undefined;
    }
  }

  /** Removes a row: the last one takes its slot. */
  remove(slot: number): void {
    this.index.remove(slot, this.keyIds);
    const last = this.count - 1;
    if (slot !== last) {
      this.index.remove(last, this.keyIds);
      this.keyIds[slot] = this.keyIds[last]!;
      this.index.add(slot, this.keyIds);
      this.copyRow(slot, this, last);
      this.setRemoved(slot, this.isRemoved(last));
    }
    this.setRemoved(last, false);
    this.count = last;
    for (const column of this.columns) {
      if (Array.isArray(column)) column[last] = undefined;
    }
  }

  /** Stores a JSON value; `undefined` in a column that holds nothing stays free of charge. */
  setValue(column: number, slot: number, value: unknown): void {
    const values = this.columns[column] as unknown[] | null;
    if (values !== null) values[slot] = value;
    else if (value !== undefined) this.valuesOf(column)[slot] = value;
  }

  getValue(column: number, slot: number): unknown {
    const values = this.columns[column] as unknown[] | null;
    return values === null ? undefined : values[slot];
  }

  /** Copies all columns of a row of `from`, a table of the same kinds. */
  copyRow(slot: number, from: RowTable, fromSlot: number): void {
    for (let column = 0; column < this.kinds.length; column += 1) {
      if (this.kinds[column] === 'number') {
        const source = from.columns[column] as Float64Array;
        (this.columns[column] as Float64Array)[slot] = source[fromSlot]!;
      } else {
        this.setValue(column, slot, from.getValue(column, fromSlot));
      }
    }
  }

  /** Writes a column of stored rows to their slots; `null` stands for no values. */
  writeColumn(column: number, stored: Column, slots: Int32Array): void {
    if (this.kinds[column] === 'number') {
      const [target, source] = [this.columns[column], stored] as [Float64Array, Float64Array];
      for (let row = 0; row < slots.length; row += 1) target[slots[row]!] = source[row]!;
    } else if (stored !== null || this.columns[column] !== null) {
      const values = stored as unknown[] | null;
      for (let row = 0; row < slots.length; row += 1) {
        this.setValue(column, slots[row]!, values === null ? undefined : values[row]);
      }
    }
  }

  /** Makes room for `count` rows in all. */
  reserve(count: number): void {
    if (count > this.keyIds.length) this.grow(count);
    this.index.reserve(count, this.count, this.keyIds);
  }

  /** Forgets all rows but keeps the memory. */
  clear(): void {
    this.count = 0;
    this.index.clear();
    this.tombstones = null;
    for (let column = 0; column < this.kinds.length; column += 1) {
      if (this.kinds[column] === 'value') this.columns[column] = null;
    }
  }

  private valuesOf(column: number): unknown[] {
    const values = new Array<unknown>(this.count).fill(undefined);
    this.columns[column] = values;
    return values;
  }

  private grow(slots: number): void {
    const keyIds = new Int32Array(slots);
    keyIds.set(this.keyIds);
    this.keyIds = keyIds;
    if (this.tombstones !== null) {
      const grown = new Uint8Array(slots);
      grown.set(this.tombstones);
      this.tombstones = grown;
    }
    for (let column = 0; column < this.kinds.length; column += 1) {
      if (this.kinds[column] !== 'number') continue;
      const grown = new Float64Array(slots);
      grown.set(this.columns[column] as Float64Array);
      this.columns[column] = grown;
    }
  }
}
