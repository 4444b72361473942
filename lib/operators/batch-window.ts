// Rows of the batches of a stretch of processing time, reduced by key. Each batch has a table of its
// own under its time; a window takes the tables together that lie in it, and a table that no window
// can reach any more goes as a whole. With an inverse function each key has a running total besides,
// and the batches up to which it counts: what left the window since is taken off, what came is added.
//
//   row key   batch time   the reduced value of a key in that batch, or the list of its values
//             TOTALS       running totals, and up to which batch time each counts
//             PREVIOUS     time of the batch before, under one key

import { hashOfKey, KEY_GROUP_COUNT, keyGroupOf } from '../model/hash-range.ts';
import type { BatchWindowNode } from '../plan/plan.ts';
import { copyJson, type JsonValue, setOwn } from '../state/json-value.ts';
import type { DraftTable, OperatorDraft, StateSchema } from '../state/operator-draft.ts';
import { slotsByKey } from '../state/rows-codec.ts';
import { type BatchReduction, createBatchReduction } from './batch-reduction.ts';
import { createKeyReader, type KeyReader } from './key.ts';
import type { Push } from './pass.ts';
import type { OperatorContext, StatefulOperator, WiredOperator } from './stateful-operator.ts';

const TOTALS = -1;
const PREVIOUS = -2;
/** No key of a row has this text. */
export const PREVIOUS_KEY = '\u0000batch';

const VALUE = 0;
const UNTIL = 1;

/** What a key has in the table of one batch. */
interface Held {
  readonly batchTimeMs: number;
  readonly value: JsonValue;
}

export function createBatchWindow(node: BatchWindowNode, context: OperatorContext): WiredOperator {
  const operator = new BatchWindow(node, context);
  return { operator, pushes: [operator.push] };
}

class BatchWindow implements StatefulOperator {
  readonly uid: string;
  readonly behindMs: number;
  readonly push: Push;
  private readonly node: BatchWindowNode;
  private readonly context: OperatorContext;
  private readonly key: KeyReader;
  private readonly reduction: BatchReduction;
  private readonly schema: StateSchema;
  private draft!: OperatorDraft;
  private batchTimeMs = 0;
  private previousMs = 0;
  /** Values of this batch by key where they are kept as lists, which grow with the batch. */
  private lists = new Map<number, JsonValue[]>();

  constructor(node: BatchWindowNode, context: OperatorContext) {
    const { uid, key } = node;
    this.uid = uid;
    this.behindMs = context.behindMs;
    this.node = node;
    this.context = context;
    this.key = createKeyReader({ uid, key, source: context.source, pass: context.pass });
    this.reduction = createBatchReduction(node);
    this.schema = schemaOf(node);
    this.push = node.reduce === null ? (row) => this.collect(row) : (row) => this.reduceRow(row);
  }

  begin(): void {
    const { pass } = this.context;
    this.draft = pass.draft.operator(this.uid, this.schema);
    this.batchTimeMs = pass.batchTimeMs;
    this.previousMs = this.readPrevious();
    this.lists = new Map();
  }

  finishRows(): void {
    if (!this.context.takesResults) this.finish();
  }

  close(): void {
    if (this.context.takesResults) this.finish();
    else this.storeLists();
  }

  countState(): number {
    const keyIds = new Set<number>();
    for (const [rowKey, table] of this.draft.state.tables) {
      const counts = this.node.inverse === null ? rowKey >= 0 : rowKey === TOTALS;
      if (!counts) continue;
      for (let slot = 0; slot < table.count; slot += 1) keyIds.add(table.keyIds[slot]!);
    }
    return keyIds.size;
  }

  /** The batch before; where a log began with a part of another's key groups, the last with rows. */
  private readPrevious(): number {
    const { draft } = this;
    const found = draft.table(PREVIOUS).find(this.previousKey());
    if (found !== null) return (found.rows.columns[UNTIL] as Float64Array)[found.slot]!;
    return Math.max(0, draft.rowKeys().at(-1) ?? 0);
  }

  private writePrevious(): void {
    if (this.previousMs === this.batchTimeMs) return;
    const table = this.draft.table(PREVIOUS);
    const slot = table.touch(this.previousKey());
    (table.rows.columns[UNTIL] as Float64Array)[slot] = this.batchTimeMs;
  }

  private previousKey(): number {
    return this.draft.keys.intern(PREVIOUS_KEY, keyGroupOf(hashOfKey(PREVIOUS_KEY)));
  }

  private collect(row: unknown): void {
    const keyId = this.key.idOf(row, this.draft.keys);
    const value = this.reduction.valueOf(row);
    const { pass } = this.context;
    pass.reached = true;
    const list = this.lists.get(keyId) ?? [];
    if (list.length === 0) this.lists.set(keyId, list);
    list.push(value);
    pass.draft.journal.noteUndo(() => {
      list.pop();
      if (list.length === 0) this.lists.delete(keyId);
    });
  }

  private reduceRow(row: unknown): void {
    const keyId = this.key.idOf(row, this.draft.keys);
    const value = this.reduction.valueOf(row);
    this.context.pass.reached = true;
    this.addTo(this.draft.table(this.batchTimeMs), keyId, value);
    // A total that counts this time already was made by a batch of the same time.
    if (this.totalOf(keyId)?.untilMs === this.batchTimeMs) {
      this.addTo(this.draft.table(TOTALS), keyId, value);
    }
  }

  private addTo(table: DraftTable, keyId: number, value: JsonValue): void {
    const before = valueIn(table, keyId);
    const next = before === undefined ? value : this.reduction.reduce(before, value);
    const slot = table.touch(keyId);
    table.rows.setValue(VALUE, slot, next);
  }

  private finish(): void {
    this.storeLists();
    const { slideMs } = this.node;
    const isDue = Math.floor(this.batchTimeMs / slideMs) > Math.floor(this.previousMs / slideMs);
    if (isDue) this.emitWindow();
    this.writePrevious();
    // What has left the window is needed until it is taken off the totals.
    if (isDue || this.node.inverse === null) this.evict();
  }

  private storeLists(): void {
    if (this.lists.size === 0) return;
    const table = this.draft.table(this.batchTimeMs);
    for (const [keyId, list] of this.lists) {
      const before = (valueIn(table, keyId) ?? []) as readonly JsonValue[];
      const slot = table.touch(keyId);
      table.rows.setValue(VALUE, slot, before.length === 0 ? list : [...before, ...list]);
    }
    this.lists = new Map();
  }

  private emitWindow(): void {
    const { draft, context, key } = this;
    const { pass, next } = context;
    const held = this.heldByKey();
    for (const keyId of this.inOrder(held.keys())) {
      const row: Record<string, unknown> = {};
      const values = key.valuesOf(draft.keys.textOf(keyId));
      for (const [index, field] of key.fields.entries()) setOwn(row, field, values[index]);
      let value: JsonValue | undefined;
      let failed = true;
      pass.run(() => {
        value = this.valueAtEnd(keyId, held.get(keyId)!);
        failed = false;
      }, row);
      // What has left the window is about to go: the next total is made of the batches again.
      if (failed) draft.table(TOTALS).remove(keyId);
      if (value === undefined) continue;
      setOwn(row, 'value', copyJson(value));
      pass.emit(next, row, this.batchTimeMs);
    }
  }

  /** What each key has in batches, the earliest first; nothing for one that has only a total. */
  private heldByKey(): Map<number, Held[]> {
    const { draft } = this;
    const held = new Map<number, Held[]>();
    for (const rowKey of [TOTALS, ...draft.rowKeys().filter((each) => each >= 0)]) {
      draft.table(rowKey).forEach((rows, slot) => {
        const keyId = rows.keyIds[slot]!;
        const ofKey = held.get(keyId) ?? [];
        if (ofKey.length === 0) held.set(keyId, ofKey);
        if (rowKey === TOTALS) return;
        ofKey.push({ batchTimeMs: rowKey, value: rows.getValue(VALUE, slot) as JsonValue });
      });
    }
    return held;
  }

  private inOrder(keyIds: Iterable<number>): number[] {
    const { state, keys } = this.draft;
    const table = state.newTable();
    for (const keyId of keyIds) table.append(keyId);
    const inOrder = Array.from(slotsByKey(table, keys), (slot) => table.keyIds[slot]!);
    state.recycle(table);
    return inOrder;
  }

  /** The value of a key in the window that ends now; `undefined` where it is not part of it. */
  private valueAtEnd(keyId: number, held: readonly Held[]): JsonValue | undefined {
    const { reduction } = this;
    const startMs = this.batchTimeMs - this.node.lengthMs;
    const total = this.totalOf(keyId);
    const untilMs = total?.untilMs ?? Number.NEGATIVE_INFINITY;
    const valuesWhere = (isOne: (batchTimeMs: number) => boolean) =>
      held.filter(({ batchTimeMs }) => isOne(batchTimeMs)).map((each) => each.value);
    const left = reduction.combine(valuesWhere((atMs) => atMs <= startMs && atMs <= untilMs));
    const come = reduction.combine(valuesWhere((atMs) => atMs > startMs && atMs > untilMs));
    let value = total?.value;
    if (left !== undefined) value = reduction.takeOff(value!, left);
    if (come !== undefined) value = value === undefined ? come : reduction.reduce(value, come);
    if (value === undefined) return undefined;
    const isKept = reduction.keeps(value);
    if (this.node.inverse !== null) {
      if (!isKept) this.draft.table(TOTALS).remove(keyId);
      else if (left !== undefined || come !== undefined) this.writeTotal(keyId, value);
    }
    return isKept ? value : undefined;
  }

  private totalOf(keyId: number) {
    if (this.node.inverse === null) return undefined;
    const found = this.draft.table(TOTALS).find(keyId);
    if (found === null) return undefined;
    const { rows, slot } = found;
    return {
      value: rows.getValue(VALUE, slot) as JsonValue,
      untilMs: (rows.columns[UNTIL] as Float64Array)[slot]!,
    };
  }

  private writeTotal(keyId: number, value: JsonValue): void {
    const totals = this.draft.table(TOTALS);
    const slot = totals.touch(keyId);
    totals.rows.setValue(VALUE, slot, value);
    (totals.rows.columns[UNTIL] as Float64Array)[slot] = this.batchTimeMs;
  }

  private evict(): void {
    const { draft } = this;
    for (const rowKey of draft.rowKeys()) {
      if (rowKey >= 0 && rowKey <= this.batchTimeMs - this.node.lengthMs) {
        draft.evict({ rowKey, firstKeyGroup: 0, lastKeyGroup: KEY_GROUP_COUNT - 1 });
      }
    }
  }
}

function valueIn(table: DraftTable, keyId: number): JsonValue | undefined {
  const found = table.find(keyId);
  return found === null ? undefined : (found.rows.getValue(VALUE, found.slot) as JsonValue);
}

function schemaOf({ key, reduce, inverse, lengthMs }: BatchWindowNode): StateSchema {
  const what =
    reduce === null ? 'values' : inverse === null ? 'reduced' : `reduced, totals of ${lengthMs} ms`;
  return {
    id: `batches by key ${JSON.stringify(key.fields)}: ${what}`,
    columns: [{ kind: 'value' }, { kind: 'number', initial: Number.NaN }],
  };
}
