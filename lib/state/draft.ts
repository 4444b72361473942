// A draft is what one batch would change. The warm state is never written before `adopt`; to throw a
// draft away is to forget it. Interning a key adds to an operator's dictionary, which is a cache and
// no state, so that a forgotten draft leaves nothing that a later batch could see.

import { encodeDelta } from './delta.ts';
import { OperatorDraft, type StateSchema } from './operator-draft.ts';
import { OperatorState } from './operator-state.ts';
import type { ColumnKind } from './row-table.ts';
import { UndoJournal } from './undo-journal.ts';

/** Uncommitted changes, as the partition task sees them. */
export interface Draft {
  /** After-images and evictions, uncompressed; the same batch over the same state gives the same bytes. */
  encodeDelta(): Uint8Array;
}

/** The draft that operators write to. */
export class StateDraft implements Draft {
  /** Version of the state the draft was begun on; it can be adopted by no other. */
  readonly baseVersion: number;
  readonly journal: UndoJournal;
  readonly operators = new Map<string, OperatorDraft>();
  private readonly states: ReadonlyMap<string, OperatorState>;

  constructor(
    states: ReadonlyMap<string, OperatorState>,
    baseVersion: number,
    options: { readonly undoable: boolean },
  ) {
    this.states = states;
    this.baseVersion = baseVersion;
    this.journal = new UndoJournal(options.undoable);
  }

  /**
   * The part of one operator, begun on first call.
   *
   * @throws EngineError `invalid`, code `state-schema-changed`, when its state is another aggregation's.
   */
  operator(uid: string, schema: StateSchema): OperatorDraft {
    const known = this.operators.get(uid);
    if (known !== undefined) return known;
    const kinds: ColumnKind[] = schema.columns.map((column) => column.kind);
    const state = this.states.get(uid) ?? new OperatorState(uid, schema.id, kinds);
    state.assertSchema(schema.id, kinds);
    const operator = new OperatorDraft(state, schema, this.journal);
    this.operators.set(uid, operator);
    return operator;
  }

  encodeDelta(): Uint8Array {
    return encodeDelta([...this.operators.values()]);
  }
}
