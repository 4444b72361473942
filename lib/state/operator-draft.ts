// One operator's part of a draft: copy-on-write tables over its warm rows. The first touch of a row
// copies it into the draft's own columns, and these columns are the delta: nothing is compared or
// searched when it is encoded. The warm rows are only read.

import type { KeyDictionary } from './key-dictionary.ts';
import {
  type Eviction,
  isEveryKeyGroup,
  type OperatorState,
  withoutKeyGroups,
} from './operator-state.ts';
import type { RowTable } from './row-table.ts';
import type { UndoJournal } from './undo-journal.ts';

/** What an operator's columns mean and what a new row holds. */
export interface StateSchema {
  /** Describes the meaning of the columns; state under another id is refused. */
  readonly id: string;
  readonly columns: readonly (
    | { readonly kind: 'number'; readonly initial: number }
    | { readonly kind: 'value' }
  )[];
}

/** The changed rows of one row key. */
export class DraftTable {
  readonly rowKey: number;
  readonly rows: RowTable;
  /** The warm rows underneath; `null` when the row key is new. */
  readonly base: RowTable | null;
  /** Per slot of `rows`, the slot in `base` that it was copied from, or -1. */
  baseSlots: Int32Array;
  private readonly schema: StateSchema;
  private readonly journal: UndoJournal;

  constructor(
    rowKey: number,
    tables: { readonly rows: RowTable; readonly base: RowTable | null },
    context: { readonly schema: StateSchema; readonly journal: UndoJournal },
  ) {
    this.rowKey = rowKey;
    this.rows = tables.rows;
    this.base = tables.base;
    this.baseSlots = new Int32Array(tables.rows.keyIds.length);
    this.schema = context.schema;
    this.journal = context.journal;
  }

  /** The slot in `rows` of a key's row: copied from the warm state, or new, when it is not there yet. */
  touch(keyId: number): number {
    const { rows, journal } = this;
    const known = rows.find(keyId);
    if (known >= 0) {
      if (journal.active) journal.noteChange(rows, known);
      if (rows.isRemoved(known)) this.revive(known);
      return known;
    }
    const baseSlot = this.base === null ? -1 : this.base.find(keyId);
    const slot = this.append(keyId, baseSlot);
    if (baseSlot >= 0) rows.copyRow(slot, this.base!, baseSlot);
    else this.initialise(slot);
    return slot;
  }

  /** Removes the row of a key; nothing happens when it has none. */
  remove(keyId: number): void {
    const { rows, journal } = this;
    const known = rows.find(keyId);
    if (known >= 0) {
      if (rows.isRemoved(known)) return;
      if (journal.active) journal.noteChange(rows, known);
      rows.setRemoved(known, true);
      return;
    }
    const baseSlot = this.base?.find(keyId) ?? -1;
    // Nobody reads the columns of a removal, so that they are not copied.
    if (baseSlot >= 0) rows.setRemoved(this.append(keyId, baseSlot), true);
  }

  /** Where the row of a key lies, changed or warm; `null` when it has none. */
  find(keyId: number): { readonly rows: RowTable; readonly slot: number } | null {
    const { rows, base } = this;
    const slot = rows.find(keyId);
    if (slot >= 0) return rows.isRemoved(slot) ? null : { rows, slot };
    const baseSlot = base === null ? -1 : base.find(keyId);
    return baseSlot < 0 ? null : { rows: base!, slot: baseSlot };
  }

  /** Visits all rows that are there now, changed and warm, in no certain order. */
  forEach(visit: (rows: RowTable, slot: number) => void): void {
    const { rows, base } = this;
    for (let slot = 0; slot < rows.count; slot += 1) if (!rows.isRemoved(slot)) visit(rows, slot);
    if (base === null) return;
    for (let slot = 0; slot < base.count; slot += 1) {
      if (rows.find(base.keyIds[slot]!) < 0) visit(base, slot);
    }
  }

  private append(keyId: number, baseSlot: number): number {
    const { rows, journal } = this;
    const slot = rows.append(keyId);
    if (slot >= this.baseSlots.length) this.growBaseSlots();
    this.baseSlots[slot] = baseSlot;
    if (journal.active) journal.noteAppended(rows);
    return slot;
  }

  /** A row that was removed begins anew. */
  private revive(slot: number): void {
    const { rows } = this;
    rows.setRemoved(slot, false);
    for (let column = 0; column < rows.kinds.length; column += 1) {
      if (rows.kinds[column] === 'value') rows.setValue(column, slot, undefined);
    }
    this.initialise(slot);
  }

  /** Sets the numbers; the values of a new row are nothing already. */
  private initialise(slot: number): void {
    const { columns } = this.schema;
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index]!;
      if (column.kind === 'number') {
        (this.rows.columns[index] as Float64Array)[slot] = column.initial;
      }
    }
  }

  private growBaseSlots(): void {
    const grown = new Int32Array(this.baseSlots.length * 2);
    grown.set(this.baseSlots);
    this.baseSlots = grown;
  }
}

/** One operator's part of a draft. */
export class OperatorDraft {
  readonly state: OperatorState;
  readonly tables = new Map<number, DraftTable>();
  readonly evictions: Eviction[] = [];
  private readonly context: { readonly schema: StateSchema; readonly journal: UndoJournal };

  constructor(state: OperatorState, schema: StateSchema, journal: UndoJournal) {
    this.state = state;
    this.context = { schema, journal };
  }

  get keys(): KeyDictionary {
    return this.state.keys;
  }

  /** The changed rows of a row key, begun when there are none. */
  table(rowKey: number): DraftTable {
    const known = this.tables.get(rowKey);
    if (known !== undefined) return known;
    const tables = { rows: this.state.newTable(), base: this.state.tables.get(rowKey) ?? null };
    const table = new DraftTable(rowKey, tables, this.context);
    this.tables.set(rowKey, table);
    return table;
  }

  /** Row keys that have rows, warm or changed, or had them before this batch, ascending. */
  rowKeys(): number[] {
    const rowKeys = new Set(this.state.tables.keys());
    for (const [rowKey, table] of this.tables) if (table.rows.count > 0) rowKeys.add(rowKey);
    return [...rowKeys].sort((left, right) => left - right);
  }

  /** Whether a range of key groups has rows, warm or changed. */
  hasRowsIn(range: Eviction): boolean {
    const isIn = (table: RowTable | undefined) => {
      for (let slot = 0; slot < (table?.count ?? 0); slot += 1) {
        const group = this.keys.keyGroupOf(table!.keyIds[slot]!);
        if (group >= range.firstKeyGroup && group <= range.lastKeyGroup) return true;
      }
      return false;
    };
    return isIn(this.state.tables.get(range.rowKey)) || isIn(this.tables.get(range.rowKey)?.rows);
  }

  /** Removes the rows of a range of key groups; rows that were never stored leave no trace. */
  evict(eviction: Eviction): void {
    const { rowKey } = eviction;
    const changed = this.tables.get(rowKey);
    if (changed !== undefined) {
      this.tables.delete(rowKey);
      if (isEveryKeyGroup(eviction)) {
        this.state.recycle(changed.rows);
      } else {
        this.keepOthers(changed, eviction);
      }
    }
    if (this.state.tables.has(rowKey)) this.evictions.push(eviction);
  }

  /** Row keys with changed rows, ascending. */
  changedTables(): DraftTable[] {
    return [...this.tables.values()]
      .filter((table) => table.rows.count > 0)
      .sort((left, right) => left.rowKey - right.rowKey);
  }

  private keepOthers(changed: DraftTable, eviction: Eviction): void {
    const kept = withoutKeyGroups(this.state, changed.rows, eviction);
    const table = new DraftTable(changed.rowKey, { rows: kept, base: changed.base }, this.context);
    if (changed.base !== null) {
      for (let slot = 0; slot < kept.count; slot += 1) {
        table.baseSlots[slot] = changed.base.find(kept.keyIds[slot]!);
      }
    }
    this.tables.set(changed.rowKey, table);
  }
}
