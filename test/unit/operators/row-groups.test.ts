import { expect, test } from 'vitest';
import { RowGroups } from '../../../lib/operators/row-groups.ts';
import { UndoJournal } from '../../../lib/state/undo-journal.ts';

test('rows of a record that fails are taken back, with their times', () => {
  const journal = new UndoJournal(true);
  const groups = new RowGroups();
  groups.add(1, { row: 'a', timeMs: 10 }, journal);
  groups.add(2, { row: 'b', timeMs: Number.NaN }, journal);
  journal.mark();
  groups.add(3, { row: 'c', timeMs: 5 }, journal);
  groups.add(1, { row: 'd', timeMs: 30 }, journal);
  groups.add(1, { row: 'e', timeMs: 20 }, journal);
  groups.add(3, { row: 'f', timeMs: 6 }, journal);
  journal.undo();
  groups.add(2, { row: 'g', timeMs: Number.NaN }, journal);
  groups.add(3, { row: 'h', timeMs: 4 }, journal);
  expect([...groups.take()]).toEqual([
    [1, { rows: ['a'], timeMs: 10 }],
    [2, { rows: ['b', 'g'], timeMs: Number.NaN }],
    [3, { rows: ['h'], timeMs: 4 }],
  ]);
  expect([...groups.take()]).toEqual([]);
});

test('rows that come while a batch closes can be taken back, too', () => {
  const journal = new UndoJournal(true);
  const groups = new RowGroups();
  groups.add(1, { row: 'a', timeMs: 10 }, journal);
  const taken = groups.take();
  journal.mark();
  groups.add(1, { row: 'b', timeMs: 20 }, journal);
  journal.undo();
  expect([...taken]).toEqual([[1, { rows: ['a'], timeMs: 10 }]]);
  expect([...groups.take()]).toEqual([]);
});
