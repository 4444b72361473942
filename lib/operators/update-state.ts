// `updateStateByKey`: at the end of every batch, also one without rows, the user's function is called
// once for each key that has state or rows, and each key that has state afterwards comes out. Keys go
// by key group and key. The state that keys begin with is given once: for each such key it is
// remembered that it was, so that a key whose state was removed does not begin again, and so that the
// memory moves with the key.

import { EngineError } from '../model/errors.ts';
import type { UpdateStateNode } from '../plan/plan.ts';
import { isPlainJson, type JsonValue, setOwn } from '../state/json-value.ts';
import { KeyedValues } from './keyed-values.ts';
import { OperatorTimes } from './operator-times.ts';
import type { Pass, Push } from './pass.ts';
import { RecordFault } from './record-fault.ts';
import { RowGroups } from './row-groups.ts';
import type { OperatorContext, StatefulOperator, WiredOperator } from './stateful-operator.ts';
import { callUser, copyOf, jsonToKeep } from './user-call.ts';

/** Row key of the keys that have been given their first state. */
const BEGUN = 1;

export function createUpdateState(node: UpdateStateNode, context: OperatorContext): WiredOperator {
  const operator = new UpdateState(node, context);
  return { operator, pushes: [(row, timeMs) => operator.add(row, timeMs)] };
}

class UpdateState implements StatefulOperator {
  readonly uid: string;
  readonly behindMs: number;
  private readonly node: UpdateStateNode;
  private readonly pass: Pass;
  private readonly next: Push;
  private readonly times: OperatorTimes;
  private readonly values: KeyedValues;
  private readonly groups = new RowGroups();
  private readonly initial: readonly (readonly [key: readonly unknown[], state: JsonValue])[];

  constructor(node: UpdateStateNode, context: OperatorContext) {
    this.uid = node.uid;
    this.behindMs = context.behindMs;
    this.node = node;
    this.pass = context.pass;
    this.next = context.next;
    this.times = new OperatorTimes(context);
    const meaning = 'state by update';
    this.values = new KeyedValues({ ...context, ...node, meaning, dueTimes: 0 });
    this.initial = initialOf(node);
  }

  begin(): void {
    this.times.begin();
    this.values.begin();
    this.groups.clear();
    this.giveInitial();
  }

  add(row: unknown, timeMs: number): void {
    const keyId = this.values.keyIdOf(row);
    this.pass.reached = true;
    this.groups.add(keyId, { row, timeMs }, this.pass.draft.journal);
  }

  finishRows(): void {
    this.callKeys(this.values.keyIds());
  }

  /** Rows that operators in front gave out while they closed get a call of their own. */
  close(): void {
    this.callKeys([]);
  }

  countState(): number {
    return this.values.count();
  }

  private callKeys(withState: readonly number[]): void {
    const groups = this.groups.take();
    for (const keyId of this.values.inOrder([...new Set([...withState, ...groups.keys()])])) {
      this.call(keyId, groups.get(keyId)?.rows ?? []);
    }
  }

  private call(keyId: number, rows: readonly unknown[]): void {
    const { uid, node, values, times } = this;
    const { batchTimeMs } = this.pass;
    const update = node.update as (rows: unknown, state: unknown, context: unknown) => unknown;
    this.pass.run(
      () => {
        const context = { key: values.shownKeyOf(keyId), batchTimeMs };
        const before = copyOf(values.valueOf(keyId));
        const state = callUser(uid, () => update(rows.slice(), before, context));
        if (state === undefined) {
          values.remove(keyId);
          return;
        }
        values.put(keyId, jsonToKeep(uid, state));
        this.next(this.rowOf(keyId, state), times.clockTime(values.keyGroupOf(keyId)));
      },
      { key: values.shownKeyOf(keyId), rows },
    );
  }

  private rowOf(keyId: number, state: unknown): Record<string, unknown> {
    const { key, keys } = this.values;
    const row: Record<string, unknown> = {};
    const keyValues = key.valuesOf(keys.textOf(keyId));
    for (const [index, field] of key.fields.entries()) setOwn(row, field, keyValues[index]);
    row['state'] = state;
    return row;
  }

  private giveInitial(): void {
    if (this.initial.length === 0) return;
    const begun = this.values.draft.table(BEGUN);
    for (const [key, state] of this.initial) {
      const keyId = this.ownKeyId(key);
      if (keyId === null || begun.find(keyId) !== null) continue;
      begun.touch(keyId);
      this.values.put(keyId, state);
    }
  }

  /** `null` for a key that lives in another shard. */
  private ownKeyId(key: readonly unknown[]): number | null {
    try {
      return this.values.key.idOfValues(key, this.values.keys);
    } catch (thrown) {
      if (thrown instanceof RecordFault && thrown.reason === 'wrong-shard') return null;
      throw thrown;
    }
  }
}

function initialOf({ uid, key, initial }: UpdateStateNode) {
  return initial.map(([values, state]) => {
    const isKey =
      values.length === key.fields.length && values.every((value) => isPlainJson(value, 0));
    if (isKey && isPlainJson(state)) return [values, state] as const;
    throw new EngineError(
      'invalid',
      `operator '${uid}' is given a first state whose key is not ${key.fields.length} plain ` +
        'values, or that is not plain JSON',
    );
  });
}
