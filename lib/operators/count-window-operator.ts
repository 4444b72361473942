// The operator behind `.aggregate` and `.reduce` over windows of so many rows of a key. With each
// `slide` rows a window of the last `size` rows of the key comes out, also before there are as many.
// It comes out with the row that completes it and is part of that record: where one fails so does the
// other, and nothing of either stays. Rows are numbered by arrival; time plays no part.
//
// A row of state is an open window: window n ends with the row n * slide, and its row key is 1 + n
// modulo the most windows that are open at once. Where windows do not touch end to start, the row
// with row key 0 counts the rows of the key; else a window counts its own.

import type { CountWindowSpec } from '../plan/plan.ts';
import type { DraftTable, OperatorDraft, StateSchema } from '../state/operator-draft.ts';
import type { RowTable } from '../state/row-table.ts';
import type { Accumulation } from './accumulation.ts';
import type { ResultPushes } from './emission.ts';
import { countRows, visitRows } from './kept-rows.ts';
import type { KeyReader } from './key.ts';
import type { Pass, Push } from './pass.ts';
import { ResultRows } from './result-rows.ts';

/** Row key of the counters. */
const COUNTERS = 0;
/** Row key of the first window. */
const FIRST_WINDOW = 1;

export interface CountWindowOptions {
  readonly uid: string;
  readonly window: CountWindowSpec;
  readonly key: KeyReader;
  readonly accumulation: Accumulation;
  readonly pass: Pass;
  readonly pushes: ResultPushes;
}

export class CountWindowOperator {
  /** Takes one row; its place in the plan's wiring. */
  readonly push: Push;
  private readonly options: CountWindowOptions;
  private readonly schema: StateSchema;
  private readonly countColumn: number;
  /** The most windows of a key that are open at once. */
  private readonly openMax: number;
  private readonly results: ResultRows;
  private readonly targets: readonly Push[];
  private draft!: OperatorDraft;

  constructor(options: CountWindowOptions) {
    const { key, accumulation, window, pushes } = options;
    const { size, slide } = window;
    this.options = options;
    this.countColumn = accumulation.columns.length;
    this.openMax = Math.ceil(size / slide);
    this.results = new ResultRows(key, accumulation, { windowed: false });
    this.targets = [pushes.append, pushes.chained, pushes.update].filter((push) => push !== null);
    this.schema = {
      id: `key ${JSON.stringify(key.fields)} rows ${size}/${slide}: ${accumulation.meaning}, rows`,
      columns: [...accumulation.columns, { kind: 'number', initial: 0 }],
    };
    this.push =
      size === slide
        ? (row, timeMs) => this.addToOne(row, timeMs)
        : (row, timeMs) => this.addToEach(row, timeMs);
  }

  /** Begins a batch. */
  begin(): void {
    this.draft = this.options.pass.draft.operator(this.options.uid, this.schema);
  }

  /** Open windows. */
  countState(): number {
    let counters = 0;
    visitRows(this.draft, COUNTERS, () => (counters += 1));
    return countRows(this.draft) - counters;
  }

  private addToOne(row: unknown, timeMs: number): void {
    const keyId = this.keyOf(row);
    const table = this.add(FIRST_WINDOW, keyId, row);
    if (this.countOne(table, keyId) === this.options.window.size) {
      this.complete(table, keyId, timeMs);
    }
  }

  private addToEach(row: unknown, timeMs: number): void {
    const { size, slide } = this.options.window;
    const keyId = this.keyOf(row);
    // Said before state is touched, so that who catches an error knows whether it was.
    this.options.pass.reached = true;
    const counters = this.draft.table(COUNTERS);
    counters.touch(keyId);
    const count = this.countOne(counters, keyId);
    const first = Math.ceil(count / slide);
    for (let window = first; window * slide - size < count; window += 1) {
      this.add(FIRST_WINDOW + (window % this.openMax), keyId, row);
    }
    if (count === first * slide) {
      this.complete(this.draft.table(FIRST_WINDOW + (first % this.openMax)), keyId, timeMs);
    }
  }

  /** All that can be wrong with a row is found here, before state is touched. */
  private keyOf(row: unknown): number {
    const keyId = this.options.key.idOf(row, this.draft.keys);
    this.options.accumulation.prepare(row);
    return keyId;
  }

  private add(rowKey: number, keyId: number, row: unknown): DraftTable {
    this.options.pass.reached = true;
    const table = this.draft.table(rowKey);
    const slot = table.touch(keyId);
    this.options.accumulation.add(table.rows, slot, row);
    return table;
  }

  /** Counts a row in a table where the key has been touched; gives how many there are now. */
  private countOne({ rows }: DraftTable, keyId: number): number {
    const counts = rows.columns[this.countColumn] as Float64Array;
    const slot = rows.find(keyId);
    counts[slot]! += 1;
    return counts[slot]!;
  }

  /** Gives a window out and forgets it. */
  private complete(table: DraftTable, keyId: number, timeMs: number): void {
    const slot = table.rows.find(keyId);
    for (const push of this.targets) push(this.resultOf(table.rows, slot), timeMs);
    table.remove(keyId);
  }

  private resultOf(rows: RowTable, slot: number): Record<string, unknown> {
    const keyText = this.draft.keys.textOf(rows.keyIds[slot]!);
    const result = this.results.begin(keyText, null);
    this.options.accumulation.writeResults(result, rows, slot);
    return result;
  }
}
