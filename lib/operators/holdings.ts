// The aggregates that hold many values of a group: lists, sets, tallies, the greatest, and sketches.
// Each lives in one JSON value, which is replaced and never changed in place. What a group may hold is
// limited. A row beyond the limit fails, as a dead letter; where panes, or sessions that have met,
// only exceed it together, their window holds `null`, and its result fails. Both sizes only ever grow
// by what is added, so which window fails does not depend on how it was divided into panes.

import { COLLECTED_BYTES_MAX, TALLY_VALUES_MAX } from '../model/limits.ts';
import type { AggregateSpec, Selector } from '../plan/plan.ts';
import { copyJson, type JsonValue } from '../state/json-value.ts';
import type { RowTable } from '../state/row-table.ts';
import type { Compiled, MakeAccumulator, PartInput, WriteResult } from './accumulator.ts';
import { compareCodePoints } from './accumulator.ts';
import { estimate, precisionOf, type ScalarValue, union, withValue } from './distinct-sketch.ts';
import { binsOf } from './percentile-bins.ts';
import { atRank, sizeOf, type Tally, together, withOne } from './tally.ts';

type SpecOf<Kind extends AggregateSpec['kind']> = Extract<AggregateSpec, { kind: Kind }>;

/** Exact: the tally of the values themselves. */
export function compileMedian(part: PartInput): Compiled {
  return {
    parts: [{ name: `tally(${part.name})`, make: tallying(part, (value) => value) }],
    result: readTally(part, (tally) => {
      const size = sizeOf(tally);
      const [low, high] = [Math.ceil(size / 2), Math.floor(size / 2) + 1];
      return (atRank(tally, low) + atRank(tally, high)) / 2;
    }),
  };
}

/** The tally of the bins that the values are in. */
export function compilePercentile(spec: SpecOf<'approxPercentile'>, part: PartInput): Compiled {
  const { binOf, numberOf } = binsOf(spec.accuracy);
  const { percentages } = spec;
  return {
    parts: [{ name: `bins(${part.name} accuracy ${spec.accuracy})`, make: tallying(part, binOf) }],
    result: readTally(part, (tally) => {
      const size = sizeOf(tally);
      const valueAt = (percentage: number) =>
        numberOf(atRank(tally, Math.max(1, Math.ceil(percentage * size))));
      return typeof percentages === 'number' ? valueAt(percentages) : percentages.map(valueAt);
    }),
  };
}

export function compileDistinct(spec: SpecOf<'approxCountDistinct'>, part: PartInput): Compiled {
  const precision = precisionOf(spec.relativeError);
  return {
    parts: [
      { name: `distinct(${part.name} precision ${precision})`, make: sketching(part, precision) },
    ],
    result:
      ([column]) =>
      (table, slot) =>
        estimate((table.getValue(column!, slot) as string | undefined) ?? '', precision),
  };
}

export function compileCollected(kind: 'collectList' | 'collectSet', part: PartInput): Compiled {
  const make = kind === 'collectList' ? listing(part) : distinguishing(part);
  return {
    parts: [{ name: `${kind}(${part.name})`, make }],
    result:
      ([column]) =>
      (table, slot) => {
        const held = table.getValue(column!, slot) as readonly JsonValue[] | null | undefined;
        if (held === null) throw collectedTooMuch(part);
        return copyJson(held ?? []);
      },
  };
}

/** `nameOf` names a selector, as the parts of other aggregates are named. */
export function compileTop(
  { k, by }: SpecOf<'topK'>,
  part: PartInput,
  nameOf: (selector: Selector, input: number) => string,
): Compiled {
  const rank = by === null ? part.input : part.inputs.indexOfRank(by);
  const rankName = by === null ? '' : ` by ${nameOf(by, rank)}`;
  return {
    parts: [{ name: `top ${k}(${part.name}${rankName})`, make: ranking(part, { k, rank }) }],
    result:
      ([column]) =>
      (table, slot) => {
        const top = (table.getValue(column!, slot) as Top | undefined) ?? [];
        return top.filter((_, index) => index % 2 === 1).map(copyJson);
      },
  };
}

const tallying =
  (part: PartInput, tallied: (value: number) => number): MakeAccumulator =>
  (column) => ({
    columns: [{ kind: 'value' }],
    add(table, slot) {
      const value = part.inputs.numbers[part.input]!;
      if (Number.isNaN(value)) return;
      // Zero is added because JSON has no -0.
      const held = tallyOf(table, slot, column);
      if (held === null) throw talliedTooMuch(part);
      const next = withOne(held ?? [], tallied(value) + 0);
      if (next.length > TALLY_LENGTH_MAX) throw talliedTooMuch(part);
      table.setValue(column, slot, next);
    },
    merge(target, slot, from, fromSlot) {
      const right = tallyOf(from, fromSlot, column);
      const left = tallyOf(target, slot, column);
      if (right === undefined || left === null) return;
      const next = right === null ? null : together(left ?? [], right);
      const isTooLarge = next !== null && next.length > TALLY_LENGTH_MAX;
      target.setValue(column, slot, isTooLarge ? null : next);
    },
  });

/** A list in order of arrival; of two lists the target's comes first. */
const listing =
  (part: PartInput): MakeAccumulator =>
  (column) => ({
    columns: [{ kind: 'value' }, { kind: 'number', initial: 0 }],
    add(table, slot) {
      const value = part.inputs.values[part.input] as JsonValue;
      if (value === null) return;
      const bytes = table.columns[column + 1] as Float64Array;
      const next = bytes[slot]! + bytesOf(value);
      if (next > COLLECTED_BYTES_MAX) throw collectedTooMuch(part);
      const list = (table.getValue(column, slot) as readonly JsonValue[] | undefined) ?? [];
      table.setValue(column, slot, [...list, value]);
      bytes[slot] = next;
    },
    merge(target, slot, from, fromSlot) {
      type Held = readonly JsonValue[] | null | undefined;
      const right = from.getValue(column, fromSlot) as Held;
      const left = target.getValue(column, slot) as Held;
      if (right === undefined) return;
      const bytes = target.columns[column + 1] as Float64Array;
      bytes[slot]! += (from.columns[column + 1] as Float64Array)[fromSlot]!;
      const isTooLarge = left === null || right === null || bytes[slot]! > COLLECTED_BYTES_MAX;
      target.setValue(column, slot, isTooLarge ? null : [...(left ?? []), ...right]);
    },
  });

/** Distinct scalars in canonical order. */
const distinguishing =
  (part: PartInput): MakeAccumulator =>
  (column) => ({
    columns: [{ kind: 'value' }, { kind: 'number', initial: 0 }],
    add(table, slot) {
      const value = part.inputs.values[part.input] as ScalarValue | null;
      if (value === null) return;
      const set = (table.getValue(column, slot) as readonly ScalarValue[] | undefined) ?? [];
      const place = placeIn(set, value);
      if (set[place] === value) return;
      const bytes = table.columns[column + 1] as Float64Array;
      const next = bytes[slot]! + bytesOf(value);
      if (next > COLLECTED_BYTES_MAX) throw collectedTooMuch(part);
      table.setValue(column, slot, set.toSpliced(place, 0, value));
      bytes[slot] = next;
    },
    merge(target, slot, from, fromSlot) {
      type Held = readonly ScalarValue[] | null | undefined;
      const [left, right] = [target.getValue(column, slot), from.getValue(column, fromSlot)] as [
        Held,
        Held,
      ];
      if (right === undefined || left === null) return;
      const bytes = target.columns[column + 1] as Float64Array;
      const { set, sharedBytes } = unionOf(left ?? [], right ?? []);
      bytes[slot]! += (from.columns[column + 1] as Float64Array)[fromSlot]! - sharedBytes;
      const isTooLarge = right === null || bytes[slot]! > COLLECTED_BYTES_MAX;
      target.setValue(column, slot, isTooLarge ? null : set);
    },
  });

/** Rank, value, rank, value, …, the greatest rank first. */
type Top = readonly JsonValue[];

const ranking =
  (part: PartInput, { k, rank }: { readonly k: number; readonly rank: number }): MakeAccumulator =>
  (column) => {
    const take = (table: RowTable, slot: number, entry: Entry) => {
      const top = (table.getValue(column, slot) as Top | undefined) ?? [];
      let place = top.length;
      while (place > 0 && precedes(entry, [top[place - 2] as Rank, top[place - 1]!])) place -= 2;
      if (place >= 2 * k) return;
      table.setValue(column, slot, top.toSpliced(place, 0, ...entry).slice(0, 2 * k));
    };
    return {
      columns: [{ kind: 'value' }],
      add(table, slot) {
        const { values } = part.inputs;
        const [by, value] = [values[rank] as Rank | null, values[part.input] as JsonValue];
        if (by !== null && value !== null) take(table, slot, [by, value]);
      },
      merge(target, slot, from, fromSlot) {
        const top = (from.getValue(column, fromSlot) as Top | undefined) ?? [];
        for (let index = 0; index < top.length; index += 2) {
          take(target, slot, [top[index] as Rank, top[index + 1]!]);
        }
      },
    };
  };

const sketching =
  (part: PartInput, precision: number): MakeAccumulator =>
  (column) => ({
    columns: [{ kind: 'value' }],
    add(table, slot) {
      const value = part.inputs.values[part.input] as ScalarValue | null;
      if (value === null) return;
      const sketch = (table.getValue(column, slot) as string | undefined) ?? '';
      table.setValue(column, slot, withValue(sketch, precision, value));
    },
    merge(target, slot, from, fromSlot) {
      const right = from.getValue(column, fromSlot) as string | undefined;
      if (right === undefined) return;
      const left = (target.getValue(column, slot) as string | undefined) ?? '';
      target.setValue(column, slot, union(left, right, precision));
    },
  });

/** Two numbers to each entry of a tally. */
const TALLY_LENGTH_MAX = 2 * TALLY_VALUES_MAX;

const tallyOf = (table: RowTable, slot: number, column: number) =>
  table.getValue(column, slot) as Tally | null | undefined;

const readTally =
  (part: PartInput, read: (tally: Tally) => unknown) =>
  ([column]: readonly number[]): WriteResult =>
  (table, slot) => {
    const tally = tallyOf(table, slot, column!);
    if (tally === null) throw talliedTooMuch(part);
    return tally === undefined ? null : read(tally);
  };

const talliedTooMuch = ({ inputs, input }: PartInput) =>
  inputs.groupTooLarge(input, `${TALLY_VALUES_MAX} distinct values`);

const collectedTooMuch = ({ inputs, input }: PartInput) =>
  inputs.groupTooLarge(input, `${COLLECTED_BYTES_MAX} bytes of JSON`);

/** With the comma or bracket behind it. */
const bytesOf = (value: JsonValue) => Buffer.byteLength(JSON.stringify(value)) + 1;

type Rank = number | string;
type Entry = readonly [Rank, JsonValue];

/** Whether an entry stands in front of another: a greater rank, or as great and a lesser text. */
function precedes([rank, value]: Entry, [otherRank, other]: Entry): boolean {
  const order = compareScalars(rank, otherRank);
  return order === 0 ? JSON.stringify(value) < JSON.stringify(other) : order > 0;
}

const TYPE_ORDER: readonly string[] = ['boolean', 'number', 'string'];

/** False, true, numbers, then texts by code point. */
function compareScalars(left: ScalarValue, right: ScalarValue): number {
  if (typeof left === 'string' && typeof right === 'string') return compareCodePoints(left, right);
  if (typeof left === typeof right) return Number(left) - Number(right);
  return TYPE_ORDER.indexOf(typeof left) - TYPE_ORDER.indexOf(typeof right);
}

/** Where a value stands in a set, or would stand. */
function placeIn(set: readonly ScalarValue[], value: ScalarValue): number {
  let [low, high] = [0, set.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareScalars(set[middle]!, value) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function unionOf(left: readonly ScalarValue[], right: readonly ScalarValue[]) {
  const set: ScalarValue[] = [];
  let [one, other, sharedBytes] = [0, 0, 0];
  while (one < left.length && other < right.length) {
    const order = compareScalars(left[one]!, right[other]!);
    if (order === 0) sharedBytes += bytesOf(left[one]!);
    set.push(order <= 0 ? left[one]! : right[other]!);
    if (order <= 0) one += 1;
    if (order >= 0) other += 1;
  }
  return { set: [...set, ...left.slice(one), ...right.slice(other)], sharedBytes };
}
