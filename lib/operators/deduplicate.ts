// The first row of each key. What is kept per key is the moment at which it is forgotten, in tables
// by stretches of that time, so that the watermark takes whole tables away and a new key costs the
// delta little more than its text. The row key is the end of its table's stretch: whatever the length
// of stretches was when a row was written, all of a table is forgotten once the watermark is there,
// and the delay of a watermark may change without a change of stored state.

import { EngineError } from '../model/errors.ts';
import type { DeduplicateNode } from '../plan/plan.ts';
import type { DraftTable, OperatorDraft, StateSchema } from '../state/operator-draft.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import { createKeyReader, type KeyReader } from './key.ts';
import type { Pass, Push } from './pass.ts';
import { faultOf } from './record-fault.ts';
import type { OperatorContext, StatefulOperator, WiredOperator } from './stateful-operator.ts';

/** Row key of keys that are kept for ever. */
const FOR_EVER = 0;
/**
 * Stretches of keys that hold the event time: it must not depend on a delay, since the row's time
 * alone says where its key lies. With a delay of a week there are 20,000 tables.
 */
const TIME_STRETCH_MS = 30_000;
/** A stretch is this part of the time that a key lives: how many tables a row is looked up in. */
const STRETCHES_PER_LIFE = 8;
const STRETCH_MS_MIN = 1_000;

export function createDeduplicate(node: DeduplicateNode, context: OperatorContext): WiredOperator {
  if (node.forget !== 'never' && !context.timed[0]) {
    throw new EngineError(
      'invalid',
      `operator '${node.uid}' forgets keys by event time, but none is declared in front of it; declare a watermark`,
    );
  }
  const operator = new Deduplicate(node, context);
  return { operator, pushes: [operator.push] };
}

class Deduplicate implements StatefulOperator {
  readonly uid: string;
  readonly behindMs: number;
  readonly push: Push;
  private readonly pass: Pass;
  private readonly next: Push;
  private readonly refuse: Push;
  private readonly key: KeyReader;
  private readonly schema: StateSchema;
  private readonly stretchMs: number;
  private draft!: OperatorDraft;
  private previous!: GroupWatermarks;
  /** The tables in which a key may live, where the time of a row does not tell which one it is. */
  private tables: DraftTable[] = [];
  private readonly forget: DeduplicateNode['forget'];

  constructor(node: DeduplicateNode, { pass, next, refuse, source, behindMs }: OperatorContext) {
    const { uid, key, forget } = node;
    this.uid = uid;
    this.behindMs = behindMs;
    this.forget = forget;
    this.pass = pass;
    this.next = next;
    this.refuse = refuse;
    this.key = createKeyReader({ uid, key, source, pass });
    this.schema = schemaOf(node);
    this.stretchMs =
      typeof forget === 'number'
        ? Math.max(STRETCH_MS_MIN, Math.ceil(forget / STRETCHES_PER_LIFE))
        : TIME_STRETCH_MS;
    this.push =
      forget === 'never'
        ? (row, timeMs) => this.takeFirst(row, timeMs)
        : forget === 'time'
          ? (row, timeMs) => this.takeFirstOfTime(row, timeMs)
          : (row, timeMs) => this.takeFirstWithin(row, timeMs, forget);
  }

  begin(): void {
    const { pass } = this;
    this.draft = pass.draft.operator(this.uid, this.schema);
    this.previous = pass.previous.behind(this.behindMs);
    this.tables =
      typeof this.forget === 'number'
        ? this.draft.rowKeys().map((rowKey) => this.draft.table(rowKey))
        : [];
  }

  finishRows(): void {}

  close({ current }: { readonly current: GroupWatermarks }): void {
    const { draft } = this;
    if (this.forget === 'never') return;
    for (const rowKey of draft.rowKeys()) {
      for (const range of current.rangesClosedAt(rowKey)) {
        if (draft.hasRowsIn({ rowKey, ...range })) draft.evict({ rowKey, ...range });
      }
    }
  }

  countState(watermarks: GroupWatermarks): number {
    const { state, keys } = this.draft;
    if (this.forget === 'never') return state.rowCount();
    let count = 0;
    for (const table of state.tables.values()) {
      const forgottenAt = table.columns[0] as Float64Array;
      for (let slot = 0; slot < table.count; slot += 1) {
        const group = keys.keyGroupOf(table.keyIds[slot]!);
        if (forgottenAt[slot]! > watermarks.of(group)) count += 1;
      }
    }
    return count;
  }

  private takeFirst(row: unknown, timeMs: number): void {
    const keyId = this.key.idOf(row, this.draft.keys);
    if (this.isRefused(keyId, row, timeMs)) return;
    const table = this.draft.table(FOR_EVER);
    if (table.find(keyId) !== null) return;
    this.pass.reached = true;
    table.touch(keyId);
    this.next(row, timeMs);
  }

  private takeFirstOfTime(row: unknown, timeMs: number): void {
    const keyId = this.timedKeyOf(row, timeMs);
    if (this.isRefused(keyId, row, timeMs)) return;
    const table = this.draft.table(this.endOfStretch(timeMs));
    if (table.find(keyId) !== null) return;
    this.remember(table, keyId, timeMs);
    this.next(row, timeMs);
  }

  private takeFirstWithin(row: unknown, timeMs: number, forgetMs: number): void {
    const keyId = this.timedKeyOf(row, timeMs);
    if (this.isRefused(keyId, row, timeMs) || this.isAlive(keyId)) return;
    const forgottenAtMs = timeMs + forgetMs;
    this.remember(this.openTable(this.endOfStretch(forgottenAtMs)), keyId, forgottenAtMs);
    this.next(row, timeMs);
  }

  /** Whether a row of this key came that the watermark of the commit before has not outlived. */
  private isAlive(keyId: number): boolean {
    const watermarkMs = this.previous.of(this.draft.keys.keyGroupOf(keyId));
    for (let index = this.tables.length - 1; index >= 0; index -= 1) {
      const found = this.tables[index]!.find(keyId);
      if (found === null) continue;
      if ((found.rows.columns[0] as Float64Array)[found.slot]! > watermarkMs) return true;
    }
    return false;
  }

  /** Whether a row is late, and so gone. */
  private isRefused(keyId: number, row: unknown, timeMs: number): boolean {
    // No time, behind groups without windows, is never late.
    if (!(timeMs <= this.previous.of(this.draft.keys.keyGroupOf(keyId)))) return false;
    this.refuse(row, timeMs);
    return true;
  }

  private timedKeyOf(row: unknown, timeMs: number): number {
    if (Number.isNaN(timeMs)) {
      throw faultOf(
        'event-time-missing',
        `a row has no event time where it comes to '${this.uid}'`,
      );
    }
    return this.key.idOf(row, this.draft.keys);
  }

  private remember(table: DraftTable, keyId: number, forgottenAtMs: number): void {
    this.pass.reached = true;
    const slot = table.touch(keyId);
    (table.rows.columns[0] as Float64Array)[slot] = forgottenAtMs;
  }

  private openTable(rowKey: number): DraftTable {
    const known = this.draft.tables.get(rowKey);
    if (known !== undefined) return known;
    const table = this.draft.table(rowKey);
    this.tables.push(table);
    return table;
  }

  /** The first end of a stretch after a time: what is forgotten then lies in its table. */
  private endOfStretch(timeMs: number): number {
    return (Math.floor(timeMs / this.stretchMs) + 1) * this.stretchMs;
  }
}

function schemaOf({ key, forget }: DeduplicateNode): StateSchema {
  const id = `first row of key ${JSON.stringify(key.fields)}`;
  if (forget === 'never') return { id, columns: [] };
  return {
    id: `${id}, forgotten at ${forget === 'time' ? 'its own time' : 'a time after it'}`,
    columns: [{ kind: 'number', initial: Number.NaN }],
  };
}
