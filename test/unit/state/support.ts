import { hashOfKey, keyGroupOf } from '../../../lib/model/hash-range.ts';
import type { StateDraft } from '../../../lib/state/draft.ts';
import type { KeyedState } from '../../../lib/state/keyed-state.ts';
import type { StateSchema } from '../../../lib/state/operator-draft.ts';

/** A count, a sum that may be nothing yet, and a value. */
export const SCHEMA: StateSchema = {
  id: 'count sum last',
  columns: [
    { kind: 'number', initial: 0 },
    { kind: 'number', initial: Number.NaN },
    { kind: 'value' },
  ],
};

export interface Change {
  readonly rowKey: number;
  readonly key: string;
  readonly cells: readonly [number, number, unknown];
}

/** Sets a row of operator `uid` in a draft. */
export function put(draft: StateDraft, change: Change, uid = 'totals'): void {
  const operator = draft.operator(uid, SCHEMA);
  const { key, cells } = change;
  const known = operator.keys.find(key);
  const keyId = known >= 0 ? known : operator.keys.intern(key, keyGroupOf(hashOfKey(key)));
  const table = operator.table(change.rowKey);
  const slot = table.touch(keyId);
  (table.rows.columns[0] as Float64Array)[slot] = cells[0];
  (table.rows.columns[1] as Float64Array)[slot] = cells[1];
  table.rows.setValue(2, slot, cells[2]);
}

/** One batch of changes as a draft. */
export function draftOf(state: KeyedState, changes: readonly Change[]): StateDraft {
  const draft = state.draft();
  for (const change of changes) put(draft, change);
  return draft;
}

/** All rows of operator `uid` as the snapshot shows them: `rowKey key` to cells. */
export function rowsOf(state: KeyedState, uid = 'totals'): Map<string, readonly unknown[]> {
  const rows = new Map<string, readonly unknown[]>();
  const draft = state.draft();
  const operator = draft.operator(uid, SCHEMA);
  for (const rowKey of operator.rowKeys()) {
    const table = operator.state.tables.get(rowKey)!;
    for (let slot = 0; slot < table.count; slot += 1) {
      const key = operator.keys.textOf(table.keyIds[slot]!);
      rows.set(`${rowKey} ${key}`, [
        (table.columns[0] as Float64Array)[slot],
        (table.columns[1] as Float64Array)[slot],
        table.getValue(2, slot),
      ]);
    }
  }
  return rows;
}

export const segmentBytes = (state: KeyedState) =>
  state.encodeSegments().map(({ bytes }) => Buffer.from(bytes).toString('hex'));

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
