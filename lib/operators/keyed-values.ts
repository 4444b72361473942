// One JSON value per key, with times at which something is due for the key. Keys that are due are
// found by one look along a column of numbers. A key is there as long as it has a row, whether or not
// the row holds a value.

import { EngineError } from '../model/errors.ts';
import type { JsonValue } from '../state/json-value.ts';
import type { KeyDictionary } from '../state/key-dictionary.ts';
import type { DraftTable, OperatorDraft, StateSchema } from '../state/operator-draft.ts';
import type { RowTable } from '../state/row-table.ts';
import { createKeyReader, type KeyOrigin, type KeyReader } from './key.ts';
import type { Pass } from './pass.ts';
import { shownKey } from './user-call.ts';

const VALUE = 0;
/** Row key of the values. */
const VALUES = 0;

export interface KeyedValuesOptions extends KeyOrigin {
  /** What value and times stand for, without the key: state of another meaning is refused. */
  readonly meaning: string;
  /** How many due times a key has. */
  readonly dueTimes: number;
}

export class KeyedValues {
  readonly key: KeyReader;
  draft!: OperatorDraft;
  private table!: DraftTable;
  private readonly uid: string;
  private readonly pass: Pass;
  private readonly schema: StateSchema;

  constructor(options: KeyedValuesOptions) {
    this.uid = options.uid;
    this.pass = options.pass;
    this.key = createKeyReader(options);
    const due = { kind: 'number', initial: Number.NaN } as const;
    this.schema = {
      id: `key ${JSON.stringify(this.key.fields)}: ${options.meaning}`,
      columns: [{ kind: 'value' }, ...Array.from({ length: options.dueTimes }, () => due)],
    };
  }

  begin(): void {
    this.draft = this.pass.draft.operator(this.uid, this.schema);
    this.table = this.draft.table(VALUES);
  }

  get keys(): KeyDictionary {
    return this.draft.keys;
  }

  /** The key of a row; throws a fault when it has no valid one. */
  keyIdOf(row: unknown): number {
    return this.key.idOf(row, this.keys);
  }

  keyGroupOf(keyId: number): number {
    return this.keys.keyGroupOf(keyId);
  }

  /** The key as user code sees it, a new object each time. */
  shownKeyOf(keyId: number): unknown {
    return shownKey(this.key, this.keys.textOf(keyId));
  }

  /** The value of a key, which nobody may change; `undefined` where there is none. */
  valueOf(keyId: number): JsonValue | undefined {
    const found = this.table.find(keyId);
    return found === null
      ? undefined
      : (found.rows.getValue(VALUE, found.slot) as JsonValue | undefined);
  }

  /** A due time of a key, NaN where there is none. */
  dueOf(keyId: number, due: number): number {
    const found = this.table.find(keyId);
    return found === null ? Number.NaN : dueColumn(found.rows, due)[found.slot]!;
  }

  /** Keeps a value, which nobody may change any more, and all due times; what is there already costs nothing. */
  put(keyId: number, value: JsonValue | undefined, ...dueMs: readonly number[]): void {
    const found = this.table.find(keyId);
    if (
      found !== null &&
      dueMs.every((each, due) => Object.is(each, dueColumn(found.rows, due)[found.slot]!)) &&
      isSameJson(found.rows.getValue(VALUE, found.slot), value)
    ) {
      return;
    }
    const slot = this.table.touch(keyId);
    this.table.rows.setValue(VALUE, slot, value);
    for (const [due, each] of dueMs.entries()) dueColumn(this.table.rows, due)[slot] = each;
  }

  remove(keyId: number): void {
    this.table.remove(keyId);
  }

  /** Keys with a due time that `isDue` accepts, by key group and key. */
  keysDue(due: number, isDue: (dueMs: number, keyGroup: number) => boolean): number[] {
    const keyIds: number[] = [];
    const scan = (rows: RowTable, counts: (slot: number) => boolean) => {
      const column = dueColumn(rows, due);
      for (let slot = 0; slot < rows.count; slot += 1) {
        const dueMs = column[slot]!;
        if (Number.isNaN(dueMs)) continue;
        const keyId = rows.keyIds[slot]!;
        if (isDue(dueMs, this.keyGroupOf(keyId)) && counts(slot)) keyIds.push(keyId);
      }
    };
    const { rows, base } = this.table;
    scan(rows, (slot) => !rows.isRemoved(slot));
    if (base !== null) scan(base, (slot) => rows.find(base.keyIds[slot]!) < 0);
    return this.inOrder(keyIds);
  }

  /** All keys that are there, in no certain order. */
  keyIds(): number[] {
    const keyIds: number[] = [];
    this.table.forEach((rows, slot) => {
      keyIds.push(rows.keyIds[slot]!);
    });
    return keyIds;
  }

  /** Orders keys by key group and key, which is the same in every sandbox. */
  inOrder(keyIds: number[]): number[] {
    const { keys } = this;
    return keyIds.sort((left, right) => {
      const groups = keys.keyGroupOf(left) - keys.keyGroupOf(right);
      if (groups !== 0) return groups;
      return keys.textOf(left) < keys.textOf(right) ? -1 : 1;
    });
  }

  /** How many keys are there, before and after the draft was adopted. */
  count(): number {
    const { rows, base } = this.table;
    let count = base?.count ?? 0;
    for (let slot = 0; slot < rows.count; slot += 1) {
      const wasThere = base !== null && base.find(rows.keyIds[slot]!) >= 0;
      if (rows.isRemoved(slot)) count -= wasThere ? 1 : 0;
      else count += wasThere ? 0 : 1;
    }
    return count;
  }
}

/** An operator that would wait for a watermark that nobody declares. */
export function withoutWatermark(uid: string, what: string): EngineError {
  return new EngineError(
    'invalid',
    `operator '${uid}' has ${what} but no event time in front of it; declare a watermark`,
  );
}

const dueColumn = (rows: RowTable, due: number) => rows.columns[1 + due] as Float64Array;

/** Whether two values have the same JSON text. */
function isSameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return false;
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const [leftMembers, rightMembers] = [Object.entries(left), Object.entries(right)];
  return (
    leftMembers.length === rightMembers.length &&
    leftMembers.every(([name, member], index) => {
      const [otherName, other] = rightMembers[index]!;
      return name === otherName && isSameJson(member, other);
    })
  );
}
