// What the functions of a pipeline make of the values in a batch window. They are handed copies, which
// they may change, and what they return is kept only as plain JSON.

import type { BatchWindowNode } from '../plan/plan.ts';
import { copyJson, isPlainJson, type JsonValue } from '../state/json-value.ts';
import { operatorFailed, operatorReturned } from './record-fault.ts';
import { readerOf } from './selector.ts';

export interface BatchReduction {
  /** The value of a row. */
  valueOf(row: unknown): JsonValue;
  reduce(left: JsonValue, right: JsonValue): JsonValue;
  /** What several batches hold as one, the earliest first; `undefined` where there are none. */
  combine(values: readonly JsonValue[]): JsonValue | undefined;
  /** A total without what has left. */
  takeOff(total: JsonValue, left: JsonValue): JsonValue;
  keeps(value: JsonValue): boolean;
}

export function createBatchReduction(node: BatchWindowNode): BatchReduction {
  const { uid, value, reduce, inverse, keep } = node;
  const read = value === null ? (row: unknown) => row : readerOf(value, uid);

  const plainCopy = (made: unknown): JsonValue => {
    if (isPlainJson(made)) return copyJson(made);
    throw operatorReturned(uid, 'kept a value that is not plain JSON');
  };
  const call = (apply: unknown, values: readonly JsonValue[]): unknown => {
    try {
      return (apply as (...values: readonly unknown[]) => unknown)(...values.map(copyJson));
    } catch (thrown) {
      throw operatorFailed(uid, thrown);
    }
  };
  const reduceTwo = (left: JsonValue, right: JsonValue) => plainCopy(call(reduce, [left, right]));

  return {
    valueOf: (row) => plainCopy(read(row)),
    reduce: reduceTwo,
    combine(values) {
      if (values.length === 0) return undefined;
      return reduce === null ? values.flat() : values.reduce(reduceTwo);
    },
    takeOff: (total, left) => plainCopy(call(inverse, [total, left])),
    keeps: (kept) => keep === null || Boolean(call(keep, [kept])),
  };
}
