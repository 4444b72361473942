// What one record did to a draft, so that it can be taken back when user code fails later in the
// same record. Marks are taken at a record's start; undoing costs what the record did, not what the
// batch did, so a batch full of bad records stays linear.

import type { RowTable } from './row-table.ts';

/** The slot of an entry that is no row's: its function lies among the cells. */
const ACTION = -2;

/** Undoes changes in reverse order; inactive where nothing can fail after state was touched. */
export class UndoJournal {
  readonly active: boolean;
  private readonly tables: (RowTable | null)[] = [];
  /** Slot of a changed row, -1 for a row that was appended, or `ACTION`. */
  private readonly slots: number[] = [];
  private readonly cells: unknown[] = [];

  constructor(active: boolean) {
    this.active = active;
  }

  /** Forgets what happened before: it can no longer be undone. */
  mark(): void {
    this.tables.length = 0;
    this.slots.length = 0;
    this.cells.length = 0;
  }

  noteAppended(table: RowTable): void {
    this.tables.push(table);
    this.slots.push(-1);
  }

  /** Keeps the row as it is now. Values are never changed in place, so a reference is enough. */
  noteChange(table: RowTable, slot: number): void {
    this.tables.push(table);
    this.slots.push(slot);
    for (let column = 0; column < table.kinds.length; column += 1) {
      this.cells.push(table.getValue(column, slot));
    }
    this.cells.push(table.isRemoved(slot));
  }

  /** Keeps how something that is no row is taken back, such as a row buffered for the batch's end. */
  noteUndo(undo: () => void): void {
    if (!this.active) return;
    this.tables.push(null);
    this.slots.push(ACTION);
    this.cells.push(undo);
  }

  /** Takes back everything since the mark. */
  undo(): void {
    for (let entry = this.tables.length - 1; entry >= 0; entry -= 1) {
      const slot = this.slots[entry]!;
      if (slot === ACTION) (this.cells.pop() as () => void)();
      else if (slot < 0) this.tables[entry]!.removeLast();
      else this.restore(this.tables[entry]!, slot);
    }
    this.mark();
  }

  private restore(table: RowTable, slot: number): void {
    table.setRemoved(slot, this.cells.pop() as boolean);
    for (let column = table.kinds.length - 1; column >= 0; column -= 1) {
      table.setValue(column, slot, this.cells.pop());
    }
  }
}
