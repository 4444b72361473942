// Rows of a batch by key, in order of arrival, until the batch ends. They are no state, so that the
// journal is told how each is taken back when its record fails further on.

import type { UndoJournal } from '../state/undo-journal.ts';

/** The rows of one key. */
export interface RowGroup {
  readonly rows: unknown[];
  /** Greatest event time of the rows, NaN where they have none. */
  timeMs: number;
}

export class RowGroups {
  private groups = new Map<number, RowGroup>();

  /** Forgets everything: a batch begins. */
  clear(): void {
    this.groups = new Map();
  }

  add(
    keyId: number,
    item: { readonly row: unknown; readonly timeMs: number },
    journal: UndoJournal,
  ) {
    const { groups } = this;
    const known = groups.get(keyId);
    if (known === undefined) {
      groups.set(keyId, { rows: [item.row], timeMs: item.timeMs });
      journal.noteUndo(() => groups.delete(keyId));
      return;
    }
    const { timeMs } = known;
    known.rows.push(item.row);
    if (item.timeMs > timeMs) known.timeMs = item.timeMs;
    journal.noteUndo(() => {
      known.rows.pop();
      known.timeMs = timeMs;
    });
  }

  /** All groups by key id, in order of their first rows; rows that come later begin new groups. */
  take(): ReadonlyMap<number, RowGroup> {
    const { groups } = this;
    this.groups = new Map();
    return groups;
  }
}
