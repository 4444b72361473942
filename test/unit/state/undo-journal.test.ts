import { describe, expect, test } from 'vitest';
import type { StateDraft } from '../../../lib/state/draft.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { type Change, put } from './support.ts';

const change = (key: string, count: number, value: unknown): Change => ({
  rowKey: 0,
  key,
  cells: [count, count / 4, value],
});

describe('undoing what a record did', () => {
  test('gives changed rows back as they were, numbers and values', () => {
    const draft = KeyedState.empty().draft({ undoable: true });
    put(draft, change('ada', 1, 'x'));
    put(draft, change('bob', 2, undefined));
    const before = draft.encodeDelta();
    draft.journal.mark();
    put(draft, change('ada', 3, { y: 1 }));
    put(draft, change('bob', 4, 'z'));
    put(draft, change('ada', 5, undefined));
    draft.journal.undo();
    expect(draft.encodeDelta()).toEqual(before);
  });

  test('takes new rows out, so that their keys begin anew', () => {
    const draft = KeyedState.empty().draft({ undoable: true });
    put(draft, change('ada', 1, 'x'));
    const before = draft.encodeDelta();
    draft.journal.mark();
    put(draft, change('bob', 2, 'y'));
    put(draft, change('bob', 3, 'z'));
    draft.journal.undo();
    expect(draft.encodeDelta()).toEqual(before);
    put(draft, change('bob', 4, undefined));
    const other = KeyedState.empty().draft();
    put(other, change('ada', 1, 'x'));
    put(other, change('bob', 4, undefined));
    expect(draft.encodeDelta()).toEqual(other.encodeDelta());
  });

  test('goes back to the beginning when nothing was marked', () => {
    const draft = KeyedState.empty().draft({ undoable: true });
    put(draft, change('ada', 1, 'x'));
    put(draft, change('bob', 2, undefined));
    put(draft, change('ada', 3, 'y'));
    draft.journal.undo();
    expect(draft.encodeDelta()).toEqual(Uint8Array.of(2, 0));
    const single = KeyedState.empty().draft({ undoable: true });
    put(single, change('ada', 1, 'x'));
    single.journal.undo();
    expect(single.encodeDelta()).toEqual(Uint8Array.of(2, 0));
  });

  test('goes back to the last mark and no further, and is done once', () => {
    const draft = KeyedState.empty().draft({ undoable: true });
    put(draft, change('ada', 1, 'x'));
    draft.journal.mark();
    put(draft, change('ada', 2, 'y'));
    put(draft, change('bob', 2, 'y'));
    draft.journal.mark();
    const marked = draft.encodeDelta();
    put(draft, change('ada', 3, 'z'));
    draft.journal.undo();
    expect(draft.encodeDelta()).toEqual(marked);
    draft.journal.undo();
    expect(draft.encodeDelta()).toEqual(marked);
  });

  test('is nothing in a draft that was begun without it', () => {
    const draft = KeyedState.empty().draft();
    draft.journal.mark();
    put(draft, change('ada', 1, 'x'));
    put(draft, change('ada', 2, 'y'));
    const after = draft.encodeDelta();
    draft.journal.undo();
    expect(draft.encodeDelta()).toEqual(after);
    expect([
      draft.journal.active,
      KeyedState.empty().draft({ undoable: true }).journal.active,
    ]).toEqual([false, true]);
  });

  test('runs noted functions in reverse order with the rows, and once', () => {
    const draft = KeyedState.empty().draft({ undoable: true });
    const { journal } = draft;
    put(draft, change('ada', 1, 'x'));
    const before = draft.encodeDelta();
    const undone: string[] = [];
    journal.noteUndo(() => undone.push('before the mark'));
    journal.mark();
    journal.noteUndo(() => undone.push(`first, ada ${isAdaAt(draft, 1)}`));
    put(draft, change('ada', 2, 'y'));
    journal.noteUndo(() => undone.push(`second, ada ${isAdaAt(draft, 2)}`));
    put(draft, change('bob', 3, 'z'));
    journal.noteUndo(() => undone.push('third'));
    journal.undo();
    expect(undone).toEqual(['third', 'second, ada true', 'first, ada true']);
    expect(draft.encodeDelta()).toEqual(before);
    journal.undo();
    expect(undone).toHaveLength(3);
  });

  test('notes no function where nothing can be undone', () => {
    const { journal } = KeyedState.empty().draft();
    const undone: string[] = [];
    journal.noteUndo(() => undone.push('never'));
    journal.undo();
    expect(undone).toEqual([]);
  });
});

const isAdaAt = (draft: StateDraft, count: number) => {
  const other = KeyedState.empty().draft();
  put(other, change('ada', count, count === 1 ? 'x' : 'y'));
  return Buffer.from(draft.encodeDelta()).equals(other.encodeDelta());
};
