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
  /** What lies beyond these is left of earlier records: to shorten arrays would give up their memory. */
  private entryCount = 0;
  private cellCount = 0;

  constructor(active: boolean) {
    this.active = active;
  }

  /** Forgets what happened before: it can no longer be undone. */
  mark(): void {
    this.entryCount = 0;
    this.cellCount = 0;
  }

  noteAppended(table: RowTable): void {
    this.note(table, -1);
  }

  /** Keeps the row as it is now. Values are never changed in place, so a reference is enough. */
  noteChange(table: RowTable, slot: number): void {
    this.note(table, slot);
    for (let column = 0; column < table.kinds.length; column += 1) {
      this.keep(table.getValue(column, slot));
    }
    this.keep(table.isRemoved(slot));
  }

  /** Keeps how something that is no row is taken back, such as a row buffered for the batch's end. */
  noteUndo(undo: () => void): void {
    if (!this.active) return;
    this.note(null, ACTION);
    this.keep(undo);
  }

  /** Takes back everything since the mark. */
  undo(): void {
    for (let entry = this.entryCount - 1; entry >= 0; entry -= 1) {
      const slot = this.slots[entry]!;
      if (slot === ACTION) (this.takeCell() as () => void)();
      else if (slot < 0) this.tables[entry]!.removeLast();
      else this.restore(this.tables[entry]!, slot);
    }
    this.mark();
  }

  private restore(table: RowTable, slot: number): void {
    table.setRemoved(slot, this.takeCell() as boolean);
    for (let column = table.kinds.length - 1; column >= 0; column -= 1) {
      table.setValue(column, slot, this.takeCell());
    }
  }

  private note(table: RowTable | null, slot: number): void {
    this.tables[this.entryCount] = table;
    this.slots[this.entryCount] = slot;
    this.entryCount += 1;
  }

  private keep(cell: unknown): void {
    this.cells[this.cellCount] = cell;
    this.cellCount += 1;
  }

  private takeCell(): unknown {
    this.cellCount -= 1;
    return this.cells[this.cellCount];
  }
}
