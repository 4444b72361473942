// The rows that an operator keeps, as the draft of a batch shows them: changed rows in place of warm
// ones, without those that are removed or evicted. The answer is the same before and after the draft
// is adopted, so that what is kept can be counted either way.

import type { KeyDictionary } from '../state/key-dictionary.ts';
import type { OperatorDraft } from '../state/operator-draft.ts';
import type { Eviction } from '../state/operator-state.ts';
import type { RowTable } from '../state/row-table.ts';

/** Visits the rows of a row key, in no certain order. */
export function visitRows(
  draft: OperatorDraft,
  rowKey: number,
  visit: (rows: RowTable, slot: number) => void,
): void {
  const warm = draft.state.tables.get(rowKey);
  const drafted = draft.tables.get(rowKey)?.rows;
  // A draft's table may have become the warm one; only as a draft may it hold removals.
  const changed = drafted === warm ? undefined : drafted;
  for (let slot = 0; slot < (changed?.count ?? 0); slot += 1) {
    if (!changed!.isRemoved(slot)) visit(changed!, slot);
  }
  if (warm === undefined) return;
  const evictions = draft.evictions.filter((each) => each.rowKey === rowKey);
  for (let slot = 0; slot < warm.count; slot += 1) {
    const keyId = warm.keyIds[slot]!;
    if (changed !== undefined && changed.find(keyId) >= 0) continue;
    if (!isEvicted(evictions, draft.keys.keyGroupOf(keyId))) visit(warm, slot);
  }
}

/** The row keys that may have rows, ascending. */
export function keptRowKeys(draft: OperatorDraft): number[] {
  return [...new Set([...draft.state.tables.keys(), ...draft.tables.keys()])].sort(
    (left, right) => left - right,
  );
}

/** Rows of all row keys. */
export function countRows(draft: OperatorDraft): number {
  let count = 0;
  for (const rowKey of keptRowKeys(draft)) visitRows(draft, rowKey, () => (count += 1));
  return count;
}

/** Order of keys by group and text: the same in every sandbox. */
export const byKey = (keys: KeyDictionary) => (left: number, right: number) => {
  const order = keys.keyGroupOf(left) - keys.keyGroupOf(right);
  if (order !== 0 || left === right) return order;
  return keys.textOf(left) < keys.textOf(right) ? -1 : 1;
};

const isEvicted = (evictions: readonly Eviction[], group: number) =>
  evictions.some(
    ({ firstKeyGroup, lastKeyGroup }) => firstKeyGroup <= group && group <= lastKeyGroup,
  );
