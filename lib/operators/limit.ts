// The first rows of a stream and no others, counted over all of its batches. The count is one number
// under one key, so that it stays in one place when key groups move.

import { hashOfKey, keyGroupOf } from '../model/hash-range.ts';
import type { LimitNode } from '../plan/plan.ts';
import type { DraftTable, OperatorDraft, StateSchema } from '../state/operator-draft.ts';
import type { Push } from './pass.ts';
import type { OperatorContext, WiredOperator } from './stateful-operator.ts';

const SCHEMA: StateSchema = {
  id: 'limit: rows passed',
  columns: [{ kind: 'number', initial: 0 }],
};
const KEY = '';

export function createLimit(node: LimitNode, context: OperatorContext): WiredOperator {
  const { uid, count } = node;
  const { pass, next, behindMs } = context;
  const keyGroup = keyGroupOf(hashOfKey(KEY));
  let draft: OperatorDraft;
  let table: DraftTable;
  let keyId = -1;

  const passed = (): number => {
    const found = table.find(keyId);
    return found === null ? 0 : (found.rows.columns[0] as Float64Array)[found.slot]!;
  };

  const push: Push = (row, timeMs) => {
    if (passed() >= count) return;
    pass.reached = true;
    const slot = table.touch(keyId);
    (table.rows.columns[0] as Float64Array)[slot]! += 1;
    next(row, timeMs);
  };

  const operator = {
    uid,
    behindMs,
    begin() {
      draft = pass.draft.operator(uid, SCHEMA);
      table = draft.table(0);
      keyId = draft.keys.intern(KEY, keyGroup);
    },
    finishRows() {},
    close() {},
    countState: () => draft.state.rowCount(),
  };
  return { operator, pushes: [push] };
}

/** The first rows of the table of all results: it comes anew with each batch, so nothing is kept. */
export function createTableLimit(node: LimitNode, context: OperatorContext): WiredOperator {
  const { pass, next, behindMs } = context;
  let left = 0;
  const operator = {
    uid: node.uid,
    behindMs,
    begin() {
      left = node.count;
    },
    finishRows() {},
    close() {},
    countState: () => 0,
  };
  const push: Push = (row, timeMs) => {
    if (left === 0) return;
    left -= 1;
    pass.draft.journal.noteUndo(() => {
      left += 1;
    });
    next(row, timeMs);
  };
  return { operator, pushes: [push] };
}
