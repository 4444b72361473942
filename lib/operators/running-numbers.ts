// The running values that are single doubles: counts, sums, least and greatest numbers. They are most
// of what pipelines ask for, so they are not closures but one loop over operations, which costs a
// third. NaN in a column means "nothing yet".

import type { StateSchema } from '../state/operator-draft.ts';
import type { RowTable } from '../state/row-table.ts';
import type { AggregateInputs } from './aggregate-input.ts';

/** `rows` needs no input; the others skip rows whose input is null. */
export type NumberOperation = 'rows' | 'count' | 'sum' | 'min' | 'max';

const CODE = { rows: 0, count: 1, sum: 2, min: 3, max: 4 } as const;

export class RunningNumbers {
  private readonly inputs: AggregateInputs;
  private readonly codes: number[] = [];
  private readonly inputIndexes: number[] = [];
  private readonly columnIndexes: number[] = [];

  constructor(inputs: AggregateInputs) {
    this.inputs = inputs;
  }

  /** Adds an operation over a numeric input that runs in the column at `column`. */
  place(operation: NumberOperation, input: number, column: number): StateSchema['columns'][number] {
    this.codes.push(CODE[operation]);
    this.inputIndexes.push(input);
    this.columnIndexes.push(column);
    const initial = operation === 'rows' || operation === 'count' ? 0 : Number.NaN;
    return { kind: 'number', initial };
  }

  /** Adds the row whose inputs were read last, in order of arrival. */
  add(table: RowTable, slot: number): void {
    const { codes, inputIndexes, columnIndexes } = this;
    const { numbers } = this.inputs;
    for (let index = 0; index < codes.length; index += 1) {
      const column = table.columns[columnIndexes[index]!] as Float64Array;
      const code = codes[index]!;
      if (code === CODE.rows) column[slot]! += 1;
      else {
        const value = numbers[inputIndexes[index]!]!;
        if (!Number.isNaN(value)) fold(code, column, slot, code === CODE.count ? 1 : value);
      }
    }
  }

  /** Adds all rows of another set. */
  merge(target: RowTable, slot: number, from: RowTable, fromSlot: number): void {
    const { codes, columnIndexes } = this;
    for (let index = 0; index < codes.length; index += 1) {
      const columnIndex = columnIndexes[index]!;
      const value = (from.columns[columnIndex] as Float64Array)[fromSlot]!;
      if (Number.isNaN(value)) continue;
      fold(codes[index]!, target.columns[columnIndex] as Float64Array, slot, value);
    }
  }
}

function fold(code: number, column: Float64Array, slot: number, value: number): void {
  const kept = column[slot]!;
  switch (code) {
    case CODE.rows:
    case CODE.count:
      column[slot] = kept + value;
      break;
    case CODE.sum:
      column[slot] = Number.isNaN(kept) ? value : kept + value;
      break;
    // Both comparisons are negated, so that NaN is replaced; zero is added because JSON has no -0.
    case CODE.min:
      if (!(kept <= value)) column[slot] = value + 0;
      break;
    case CODE.max:
      if (!(kept >= value)) column[slot] = value + 0;
      break;
  }
}
