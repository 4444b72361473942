// The operator behind `.aggregate` and `.reduce`: finds the row of a key and window in the draft,
// adds to it, and at the end of the batch emits what the output modes ask for and evicts what the
// watermark has closed. Lateness goes by the watermark of the previous commit, closing by the new
// one, so that what an operator emits is not late further down.

import type { TimeWindowSpec } from '../plan/plan.ts';
import type { KeyDictionary } from '../state/key-dictionary.ts';
import type { DraftTable, OperatorDraft, StateSchema } from '../state/operator-draft.ts';
import type { RowTable } from '../state/row-table.ts';
import { firstWindowStart, lastWindowStart } from '../time/window.ts';
import type { Accumulation } from './accumulation.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import { countRows, keptRowKeys, visitRows } from './kept-rows.ts';
import type { KeyReader } from './key.ts';
import type { Pass, Push } from './pass.ts';
import { ResultRows } from './result-rows.ts';
import {
  endOf,
  lastWindowOf,
  rowKeyOfInstant,
  type WindowShape,
  windowShapeOf,
  windowsEnding,
} from './window-shape.ts';

/** Row key of a group that has no window. */
const NO_WINDOW = 0;

export interface KeyedOperatorOptions {
  readonly uid: string;
  readonly window: TimeWindowSpec | null;
  readonly key: KeyReader;
  readonly accumulation: Accumulation;
  readonly pass: Pass;
  /** How far its watermark lags behind the one of the log. */
  readonly behindMs: number;
  /** How long a closed window is kept for late rows. */
  readonly allowedLatenessMs: number;
  /** Complete mode keeps every window and knows no late rows. */
  readonly complete: boolean;
  /** Takes rows late for all their windows. */
  readonly late: Push;
}

export class KeyedOperator {
  readonly uid: string;
  readonly shape: WindowShape | null;
  readonly key: KeyReader;
  readonly accumulation: Accumulation;
  readonly complete: boolean;
  readonly allowedLatenessMs: number;
  readonly results: ResultRows;
  /** Takes one row; its place in the plan's wiring. */
  readonly push: Push;
  /** This batch's part of the draft. */
  draft!: OperatorDraft;
  /** Windows that end here or before take no rows in this batch. */
  late!: GroupWatermarks;
  private readonly schema: StateSchema;
  private readonly pass: Pass;
  private readonly latePush: Push;
  private readonly behindMs: number;
  private keys!: KeyDictionary;
  /** The table used last: rows mostly follow each other in the same window. */
  private table: DraftTable | null = null;

  constructor(options: KeyedOperatorOptions) {
    const { uid, window, key, accumulation } = options;
    this.uid = uid;
    this.key = key;
    this.accumulation = accumulation;
    this.pass = options.pass;
    this.latePush = options.late;
    this.behindMs = options.behindMs;
    this.allowedLatenessMs = options.allowedLatenessMs;
    this.complete = options.complete;
    this.shape = window === null ? null : windowShapeOf(window, accumulation.orderFree);
    this.schema = { id: schemaIdOf(this), columns: accumulation.columns };
    this.results = new ResultRows(key, accumulation, { windowed: window !== null });
    this.push = this.pushFor(this.shape);
  }

  /** Begins a batch. */
  begin(): void {
    this.draft = this.pass.draft.operator(this.uid, this.schema);
    this.keys = this.draft.keys;
    this.table = null;
    this.late = this.pass.previous.behind(this.behindMs).allowing(this.allowedLatenessMs);
  }

  /** Pairs of a key and a window that is open, or kept, at these watermarks. */
  countGroups(watermarks: GroupWatermarks): number {
    const { shape, draft } = this;
    if (shape === null || !shape.panes) return countRows(draft);
    const gone = watermarks.allowing(this.allowedLatenessMs);
    const afterMs = this.complete ? Number.NEGATIVE_INFINITY : gone.leastMs;
    const ends = { afterMs, untilMs: Number.POSITIVE_INFINITY };
    const groups = new Map<number, Set<number>>();
    for (const rowKey of keptRowKeys(draft)) {
      for (const window of windowsEnding([rowKey], shape, ends)) {
        const keyIds = groups.get(window) ?? new Set();
        groups.set(window, keyIds);
        visitRows(draft, rowKey, ({ keyIds: ids }, slot) => {
          const keyId = ids[slot]!;
          const isOpen = endOf(window, shape) > gone.of(draft.keys.keyGroupOf(keyId));
          if (isOpen || this.complete) keyIds.add(keyId);
        });
      }
    }
    return [...groups.values()].reduce((count, keyIds) => count + keyIds.size, 0);
  }

  /** Removes what no open window needs any more. */
  evict(watermarks: GroupWatermarks): void {
    const { shape, draft } = this;
    if (shape === null || this.complete) return;
    const gone = watermarks.allowing(this.allowedLatenessMs);
    for (const rowKey of draft.rowKeys()) {
      const lastEndMs = endOf(lastWindowOf(rowKey, shape), shape);
      for (const range of gone.rangesClosedAt(lastEndMs)) {
        if (draft.hasRowsIn({ rowKey, ...range })) draft.evict({ rowKey, ...range });
      }
    }
  }

  /** The row of the one group that there is without key and window; `null` where nothing has no result. */
  onlyGroup(): { readonly rows: RowTable; readonly slot: number } | null {
    const table = this.draft.table(NO_WINDOW);
    const keyId = this.key.idOf(null, this.keys);
    const found = table.find(keyId);
    if (found !== null || !this.accumulation.holdsNothing) return found;
    return { rows: table.rows, slot: table.touch(keyId) };
  }

  private pushFor(shape: WindowShape | null): Push {
    if (shape === null) return (row) => this.addUnwindowed(row);
    if (shape.instants) return (row, timeMs) => this.addToInstant(row, timeMs);
    if (shape.panes) return (row, timeMs) => this.addToPane(row, timeMs, shape);
    if (shape.slideMs === shape.sizeMs) return (row, timeMs) => this.addToOne(row, timeMs, shape);
    return (row, timeMs) => this.addToEach(row, timeMs, shape);
  }

  private addUnwindowed(row: unknown): void {
    const keyId = this.keyOf(row);
    this.add(NO_WINDOW, keyId, row);
  }

  private addToOne(row: unknown, timeMs: number, shape: WindowShape): void {
    const keyId = this.keyOf(row);
    const start = lastWindowStart(timeMs, shape.sizeMs);
    if (start + shape.sizeMs <= this.lateAt(keyId)) this.refuse(row, timeMs);
    else this.add(start, keyId, row);
  }

  private addToInstant(row: unknown, timeMs: number): void {
    const keyId = this.keyOf(row);
    if (timeMs <= this.lateAt(keyId)) this.refuse(row, timeMs);
    else this.add(rowKeyOfInstant(timeMs), keyId, row);
  }

  private addToPane(row: unknown, timeMs: number, shape: WindowShape): void {
    const keyId = this.keyOf(row);
    const lateAt = this.lateAt(keyId);
    if (lastWindowStart(timeMs, shape.slideMs) + shape.sizeMs <= lateAt) {
      this.refuse(row, timeMs);
      return;
    }
    if (firstWindowStart(timeMs, shape) + shape.sizeMs <= lateAt) this.pass.lateRows += 1;
    this.add(lastWindowStart(timeMs, shape.stepMs), keyId, row);
  }

  private addToEach(row: unknown, timeMs: number, shape: WindowShape): void {
    const keyId = this.keyOf(row);
    const lateAt = this.lateAt(keyId);
    const last = lastWindowStart(timeMs, shape.slideMs);
    if (last + shape.sizeMs <= lateAt) {
      this.refuse(row, timeMs);
      return;
    }
    let start = firstWindowStart(timeMs, shape);
    if (start + shape.sizeMs <= lateAt) this.pass.lateRows += 1;
    for (; start <= last; start += shape.slideMs) {
      if (start + shape.sizeMs > lateAt) this.add(start, keyId, row);
    }
  }

  /** All that can be wrong with a row is found here, before state is touched. */
  private keyOf(row: unknown): number {
    const keyId = this.key.idOf(row, this.keys);
    this.accumulation.prepare(row);
    return keyId;
  }

  /** Windows that end here or before are closed for the key; -Infinity where nothing is late. */
  private lateAt(keyId: number): number {
    return this.complete ? Number.NEGATIVE_INFINITY : this.late.of(this.keys.keyGroupOf(keyId));
  }

  private add(rowKey: number, keyId: number, row: unknown): void {
    let table = this.table;
    if (table === null || table.rowKey !== rowKey) {
      table = this.draft.table(rowKey);
      this.table = table;
    }
    // Said before state is touched, so that who catches an error knows whether it was.
    this.pass.reached = true;
    const slot = table.touch(keyId);
    this.accumulation.add(table.rows, slot, row);
  }

  private refuse(row: unknown, timeMs: number): void {
    this.pass.lateRows += 1;
    this.latePush(row, timeMs);
  }
}

/** What state depends on: key, window and the meaning of each column. */
function schemaIdOf({ key, shape, accumulation }: KeyedOperator): string {
  const keyText = `key ${JSON.stringify(key.fields)}`;
  const windowText =
    shape === null
      ? ''
      : ` window ${shape.sizeMs}/${shape.slideMs} by ${shape.panes ? 'pane' : 'window'}`;
  return `${keyText}${windowText}: ${accumulation.meaning}`;
}
