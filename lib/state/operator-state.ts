// All rows of one operator: one table per row key. The schema id says what the columns mean; state
// written under another one belongs to another aggregation and is refused, never reinterpreted.

import { EngineError } from '../model/errors.ts';
import { KEY_GROUP_COUNT } from '../model/hash-range.ts';
import { estimateJsonBytes } from './json-value.ts';
import { KeyDictionary } from './key-dictionary.ts';
import { type Column, type ColumnKind, RowTable } from './row-table.ts';
import type { DecodedRows } from './rows-codec.ts';

/** A range of key groups of one row key that is gone: what a closed window leaves in a delta. */
export interface Eviction {
  readonly rowKey: number;
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
}

type KeyGroupRange = Omit<Eviction, 'rowKey'>;

/** Tables kept for the next windows; a window is rarely open together with more than a few others. */
const SPARE_TABLES_MAX = 8;
/** Keys the dictionary may hold beyond those that have rows: each saves an MD5 when it comes back. */
const IDLE_KEYS_MAX = 65_536;

export class OperatorState {
  readonly uid: string;
  readonly schemaId: string;
  readonly kinds: readonly ColumnKind[];
  readonly keys = new KeyDictionary();
  readonly tables = new Map<number, RowTable>();
  private readonly spare: RowTable[] = [];
  private readonly holdsValues: boolean;
  private valueBytes = 0;

  constructor(uid: string, schemaId: string, kinds: readonly ColumnKind[]) {
    this.uid = uid;
    this.schemaId = schemaId;
    this.kinds = kinds;
    this.holdsValues = kinds.includes('value');
  }

  /** @throws EngineError `invalid`, code `state-schema-changed`, when the columns mean something else. */
  assertSchema(schemaId: string, kinds: readonly ColumnKind[]): void {
    if (this.schemaId === schemaId && this.kinds.join() === kinds.join()) return;
    throw new EngineError(
      'invalid',
      `the aggregation '${this.uid}' changed: its state was written for ${this.schemaId}, the ` +
        `pipeline now asks for ${schemaId}; give the changed operator a new name with .named()`,
      { code: 'state-schema-changed' },
    );
  }

  newTable(): RowTable {
    return this.spare.pop() ?? new RowTable(this.kinds);
  }

  recycle(table: RowTable): void {
    if (this.spare.length >= SPARE_TABLES_MAX) return;
    table.clear();
    this.spare.push(table);
  }

  /** Makes `rows` the table of a row key that has none, or lets them replace the rows of their keys. */
  adoptTable(rowKey: number, rows: RowTable, baseSlots: Int32Array): void {
    const base = this.tables.get(rowKey);
    if (base === undefined) {
      for (let slot = rows.count - 1; slot >= 0; slot -= 1) {
        if (rows.isRemoved(slot)) rows.remove(slot);
      }
      if (rows.count === 0) this.recycle(rows);
      else this.tables.set(rowKey, rows);
      for (let slot = 0; slot < rows.count; slot += 1) this.weigh(rows, slot, 1);
      return;
    }
    for (let slot = 0; slot < rows.count; slot += 1) {
      if (rows.isRemoved(slot)) continue;
      const known = baseSlots[slot]!;
      const target = known >= 0 ? known : base.append(rows.keyIds[slot]!);
      this.weigh(base, target, -1);
      base.copyRow(target, rows, slot);
      this.weigh(base, target, 1);
    }
    // Last, because the slots of others change.
    for (let slot = 0; slot < rows.count; slot += 1) {
      if (rows.isRemoved(slot)) this.removeRow(rowKey, rows.keyIds[slot]!);
    }
    this.recycle(rows);
  }

  /** Folds removals: rows that are gone already stay gone. */
  foldRemovals(rowKey: number, keyIds: Int32Array): void {
    for (const keyId of keyIds) this.removeRow(rowKey, keyId);
  }

  private removeRow(rowKey: number, keyId: number): void {
    const table = this.tables.get(rowKey);
    const slot = table?.find(keyId) ?? -1;
    if (slot < 0) return;
    this.weigh(table!, slot, -1);
    table!.remove(slot);
    if (table!.count > 0) return;
    this.tables.delete(rowKey);
    this.recycle(table!);
  }

  /** Ids of the keys of after-images; keys are a cache, so that nothing is folded by it yet. */
  internKeys({ texts, keyGroups }: Omit<DecodedRows, 'columns'>): Int32Array {
    return Int32Array.from(texts, (text, row) => this.keys.intern(text, keyGroups[row]!));
  }

  /** Adds the rows of a segment, which are in order and were not there before. */
  restoreRows(rowKey: number, { texts, keyGroups, columns }: DecodedRows): void {
    this.foldRows(rowKey, this.keys.internSorted(texts, keyGroups), columns);
  }

  /** Folds after-images: each row replaces the row of its key, so that folding twice is folding once. */
  foldRows(rowKey: number, keyIds: Int32Array, columns: readonly Column[]): void {
    if (keyIds.length === 0) return;
    const table = this.tables.get(rowKey) ?? this.newTable();
    this.tables.set(rowKey, table);
    table.reserve(table.count + keyIds.length);
    const slots = new Int32Array(keyIds.length);
    for (let row = 0; row < keyIds.length; row += 1) {
      const known = table.find(keyIds[row]!);
      const slot = known >= 0 ? known : table.append(keyIds[row]!);
      this.weigh(table, slot, -1);
      slots[row] = slot;
    }
    for (const [index, column] of columns.entries()) table.writeColumn(index, column, slots);
    for (const slot of slots) this.weigh(table, slot, 1);
  }

  /** Removes the rows of a range of key groups; nothing happens when they are gone already. */
  evict(eviction: Eviction): void {
    const { rowKey, firstKeyGroup, lastKeyGroup } = eviction;
    const table = this.tables.get(rowKey);
    if (table === undefined) return;
    this.tables.delete(rowKey);
    if (!isEveryKeyGroup(eviction)) {
      const kept = withoutKeyGroups(this, table, eviction);
      if (kept.count > 0) this.tables.set(rowKey, kept);
    }
    for (let slot = 0; slot < table.count; slot += 1) {
      const group = this.keys.keyGroupOf(table.keyIds[slot]!);
      if (group >= firstKeyGroup && group <= lastKeyGroup) this.weigh(table, slot, -1);
    }
    this.recycle(table);
  }

  /** Forgets keys without rows once they are many; no draft may be open. */
  trimKeys(): void {
    if (this.keys.size <= IDLE_KEYS_MAX + 2 * this.rowCount()) return;
    const used = new Uint8Array(this.keys.idEnd);
    for (const table of this.tables.values()) {
      for (let slot = 0; slot < table.count; slot += 1) used[table.keyIds[slot]!] = 1;
    }
    this.keys.retain(used);
  }

  rowCount(): number {
    let count = 0;
    for (const table of this.tables.values()) count += table.count;
    return count;
  }

  byteLengthEstimate(): number {
    const KEY_BYTES = 96;
    let bytes = this.valueBytes + this.keys.size * KEY_BYTES;
    for (const table of this.tables.values()) {
      bytes += table.keyIds.length * (16 + 8 * this.kinds.length);
    }
    return bytes;
  }

  /** Adds (1) or takes off (-1) the estimated size of a row's JSON values; a new row has none. */
  private weigh(table: RowTable, slot: number, sign: 1 | -1): void {
    if (!this.holdsValues) return;
    for (let column = 0; column < this.kinds.length; column += 1) {
      if (this.kinds[column] === 'number') continue;
      const value = table.getValue(column, slot);
      if (value !== undefined) this.valueBytes += sign * estimateJsonBytes(value);
    }
  }
}

/** Whether a range of key groups is all of them. */
export function isEveryKeyGroup(range: KeyGroupRange): boolean {
  return range.firstKeyGroup === 0 && range.lastKeyGroup === KEY_GROUP_COUNT - 1;
}

/** The rows of `table` outside the range of key groups, in a table of their own. */
export function withoutKeyGroups(
  operator: OperatorState,
  table: RowTable,
  range: KeyGroupRange,
): RowTable {
  const kept = operator.newTable();
  for (let slot = 0; slot < table.count; slot += 1) {
    const keyId = table.keyIds[slot]!;
    const group = operator.keys.keyGroupOf(keyId);
    if (group >= range.firstKeyGroup && group <= range.lastKeyGroup) continue;
    const keptSlot = kept.append(keyId);
    kept.copyRow(keptSlot, table, slot);
    kept.setRemoved(keptSlot, table.isRemoved(slot));
  }
  return kept;
}
