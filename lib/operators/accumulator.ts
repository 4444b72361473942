// The running values that are more than one double (those are in running-numbers.ts). Each lives in
// one or more columns of the keyed state; `add` takes one row in order of arrival, `merge` joins two
// disjoint sets of rows (panes of a window, sessions that have met). NaN in a column of doubles, and `undefined` in one of values, mean "nothing yet".

import type { JsonValue } from '../state/json-value.ts';
import type { StateSchema } from '../state/operator-draft.ts';
import type { RowTable } from '../state/row-table.ts';
import type { AggregateInputs, Units } from './aggregate-input.ts';
import type { NumberOperation } from './running-numbers.ts';

type ColumnSpec = StateSchema['columns'][number];

/** One running value. */
export interface Accumulator {
  readonly columns: readonly ColumnSpec[];
  /** Adds the row whose inputs were read last; `row` itself is for user code. */
  add(table: RowTable, slot: number, row: unknown): void;
  merge(target: RowTable, slot: number, from: RowTable, fromSlot: number): void;
}

/** Makes an accumulator whose first column is `first`. */
export type MakeAccumulator = (first: number) => Accumulator;

/** Reads a result of a row of running values. */
export type WriteResult = (table: RowTable, slot: number) => unknown;

/** A running value, named by its meaning: aggregates that need the same one share its columns. */
export type Part = { readonly name: string } & (
  | { readonly operation: NumberOperation; readonly input: number }
  | { readonly make: MakeAccumulator }
);

/** An aggregate made ready: what it keeps, and how its result is read from the first columns of that. */
export interface Compiled {
  readonly parts: readonly Part[];
  readonly result: (columns: readonly number[]) => WriteResult;
}

/** The input of a part and its name in the part's name. */
export interface PartInput {
  readonly inputs: AggregateInputs;
  readonly input: number;
  readonly name: string;
}

const numbers = (table: RowTable, column: number) => table.columns[column] as Float64Array;
const numberColumn = (initial: number): ColumnSpec => ({ kind: 'number', initial });
const valueColumn: ColumnSpec = { kind: 'value' };

/** Counts the rows whose input is not null. */
export const counting =
  (inputs: AggregateInputs, input: number): MakeAccumulator =>
  (column) => ({
    columns: [numberColumn(0)],
    add(table, slot) {
      if (inputs.values[input] !== null) numbers(table, column)[slot]! += 1;
    },
    merge(target, slot, from, fromSlot) {
      numbers(target, column)[slot]! += numbers(from, column)[fromSlot]!;
    },
  });

/** Counts the rows whose input is true. */
export const countingTrue =
  (inputs: AggregateInputs, input: number): MakeAccumulator =>
  (column) => ({
    columns: [numberColumn(0)],
    add(table, slot) {
      if (inputs.values[input] === true) numbers(table, column)[slot]! += 1;
    },
    merge(target, slot, from, fromSlot) {
      numbers(target, column)[slot]! += numbers(from, column)[fromSlot]!;
    },
  });

/** Adds exact units: a number while they are safe integers, else the text of a whole number. */
export const summingUnits =
  (inputs: AggregateInputs, input: number): MakeAccumulator =>
  (column) => {
    const plus = (table: RowTable, slot: number, units: Units) => {
      const stored = table.getValue(column, slot) as number | string | undefined;
      table.setValue(column, slot, sumOfUnits(stored ?? 0, units));
    };
    return {
      columns: [valueColumn],
      add(table, slot) {
        const units = inputs.values[input] as Units | null;
        if (units !== null) plus(table, slot, units);
      },
      merge(target, slot, from, fromSlot) {
        const units = from.getValue(column, fromSlot) as number | string | undefined;
        if (units !== undefined) plus(target, slot, unitsOf(units));
      },
    };
  };

/**
 * Keeps the least (`sign` 1) or greatest (-1) of numbers and texts; numbers come before texts, so that
 * any mix has one.
 */
export const extreme =
  (inputs: AggregateInputs, input: number, sign: 1 | -1): MakeAccumulator =>
  (column) => {
    const takeNumber = (table: RowTable, slot: number, value: number) => {
      const kept = numbers(table, column);
      // Negated, so that NaN (nothing yet) is replaced. Zero is added because JSON has no -0.
      if (!((value - kept[slot]!) * sign >= 0)) kept[slot] = value + 0;
    };
    const takeText = (table: RowTable, slot: number, text: string) => {
      const kept = table.getValue(column + 1, slot) as string | undefined;
      if (kept === undefined || compareCodePoints(text, kept) * sign < 0) {
        table.setValue(column + 1, slot, text);
      }
    };
    return {
      columns: [numberColumn(Number.NaN), valueColumn],
      add(table, slot) {
        const value = inputs.values[input];
        if (typeof value === 'number') takeNumber(table, slot, value);
        else if (value !== null) takeText(table, slot, value as string);
      },
      merge(target, slot, from, fromSlot) {
        const value = numbers(from, column)[fromSlot]!;
        if (!Number.isNaN(value)) takeNumber(target, slot, value);
        const text = from.getValue(column + 1, fromSlot) as string | undefined;
        if (text !== undefined) takeText(target, slot, text);
      },
    };
  };

/** Count, mean and sum of squared distances from it: Welford's update and Chan's merge. */
export const moments =
  (inputs: AggregateInputs, input: number): MakeAccumulator =>
  (column) => ({
    columns: [numberColumn(0), numberColumn(0), numberColumn(0)],
    add(table, slot) {
      const value = inputs.numbers[input]!;
      if (Number.isNaN(value)) return;
      const counts = numbers(table, column);
      const means = numbers(table, column + 1);
      const count = counts[slot]! + 1;
      const distance = value - means[slot]!;
      counts[slot] = count;
      means[slot]! += distance / count;
      numbers(table, column + 2)[slot]! += distance * (value - means[slot]!);
    },
    merge(target, slot, from, fromSlot) {
      const right = numbers(from, column)[fromSlot]!;
      if (right === 0) return;
      const counts = numbers(target, column);
      const means = numbers(target, column + 1);
      const left = counts[slot]!;
      const count = left + right;
      const distance = numbers(from, column + 1)[fromSlot]! - means[slot]!;
      counts[slot] = count;
      means[slot]! += (distance * right) / count;
      numbers(target, column + 2)[slot]! +=
        numbers(from, column + 2)[fromSlot]! + (distance * distance * left * right) / count;
    },
  });

/** Keeps the first or the last value that arrives; of two sets the target's rows count as the earlier. */
export const keeping =
  (inputs: AggregateInputs, input: number, which: 'first' | 'last'): MakeAccumulator =>
  (column) => ({
    columns: [valueColumn],
    add(table, slot) {
      const value = inputs.values[input] as JsonValue;
      if (value === null) return;
      if (which === 'last' || table.getValue(column, slot) === undefined) {
        table.setValue(column, slot, value);
      }
    },
    merge(target, slot, from, fromSlot) {
      const value = from.getValue(column, fromSlot);
      if (value === undefined) return;
      if (which === 'last' || target.getValue(column, slot) === undefined) {
        target.setValue(column, slot, value);
      }
    },
  });

/** The exact units that a stored value stands for. */
export const unitsOf = (stored: number | string): Units =>
  typeof stored === 'number' ? stored : BigInt(stored);

/** Order of texts by code point, which for most texts is that of their UTF-16 units. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const [unit, other] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (unit === other) continue;
    const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
    const otherIsSurrogate = other >= 0xd800 && other <= 0xdfff;
    // Surrogates stand for code points above all others, but sort before U+E000 to U+FFFF as units.
    if (isSurrogate !== otherIsSurrogate) return isSurrogate ? 1 : -1;
    return unit - other;
  }
  return left.length - right.length;
}

function sumOfUnits(stored: number | string, units: Units): number | string {
  if (typeof stored === 'number' && typeof units === 'number') {
    const sum = stored + units;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = BigInt(stored) + BigInt(units);
  const small = Number(sum);
  return Number.isSafeInteger(small) ? small : sum.toString();
}
