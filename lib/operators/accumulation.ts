// What a keyed operator keeps per key and window, made ready to run: the aggregates of `.aggregate`,
// or the one row of `.reduce`. Built-in aggregates check their inputs before they touch state; user
// code runs on copies and what it returns must be JSON, so that it can corrupt neither the warm
// state nor the draft.

import { Decimal } from '../model/decimal.ts';
import {
  type AggregateNode,
  type AggregateSpec,
  BY_ARRIVAL,
  type ReduceNode,
  type Selector,
} from '../plan/plan.ts';
import { copyJson, isPlainJson, type JsonValue, setOwn } from '../state/json-value.ts';
import type { StateSchema } from '../state/operator-draft.ts';
import type { RowTable } from '../state/row-table.ts';
import {
  type Accumulator,
  type Compiled,
  counting,
  countingTrue,
  extreme,
  keeping,
  type MakeAccumulator,
  moments,
  type Part,
  type PartInput,
  summingUnits,
  unitsOf,
  type WriteResult,
} from './accumulator.ts';
import { AggregateInputs } from './aggregate-input.ts';
import {
  compileCollected,
  compileDistinct,
  compileMedian,
  compilePercentile,
  compileTop,
} from './holdings.ts';
import { operatorFailed, operatorReturned } from './record-fault.ts';
import { RunningNumbers } from './running-numbers.ts';

/** Running values of one keyed operator. */
export interface Accumulation {
  readonly columns: StateSchema['columns'];
  /** Describes what the columns mean, without names of results: they can change freely. */
  readonly meaning: string;
  /** Fields that `writeResults` sets; they are there already, so that any name is an own property. */
  readonly resultNames: readonly string[];
  /** Whether `add` runs user code or has limits, so that it can fail after state was touched. */
  readonly mayFail: boolean;
  /** Whether no rows at all have a result. */
  readonly holdsNothing: boolean;
  /** Whether the order in which rows are added does not matter: only then may there be panes. */
  readonly orderFree: boolean;
  /** Reads and checks what the row gives; throws a fault before anything is touched. */
  prepare(row: unknown): void;
  /** Adds the prepared row. */
  add(table: RowTable, slot: number, row: unknown): void;
  /** Adds all rows of another set; what goes by order takes them as having come after its own. */
  merge(target: RowTable, slot: number, from: RowTable, fromSlot: number): void;
  /** Sets the results' fields; throws a fault when user code fails. */
  writeResults(result: Record<string, unknown>, table: RowTable, slot: number): void;
}

/** Aggregates that run user code, or whose group may be full, so that a row can fail late. */
const FAILING: ReadonlySet<AggregateSpec['kind']> = new Set([
  'custom',
  'median',
  'collectList',
  'collectSet',
  'approxPercentile',
]);

/** The aggregates of a node, with shared columns. */
export function compileAggregates(node: AggregateNode): Accumulation {
  const specs = Object.values(node.aggregates);
  const inputs = new AggregateInputs(node.uid, specs);
  const numbers = new RunningNumbers(inputs);
  const accumulators: Accumulator[] = [];
  const columns: StateSchema['columns'][number][] = [];
  const firstColumn = new Map<string, number>();
  const results: { readonly name: string; readonly write: WriteResult }[] = [];
  const place = (part: Part): number => {
    const known = firstColumn.get(part.name);
    if (known !== undefined) return known;
    const first = columns.length;
    firstColumn.set(part.name, first);
    if ('operation' in part) {
      columns.push(numbers.place(part.operation, part.input, first));
    } else {
      const accumulator = part.make(first);
      accumulators.push(accumulator);
      columns.push(...accumulator.columns);
    }
    return first;
  };
  for (const [name, spec] of Object.entries(node.aggregates)) {
    const { parts, result } = compileAggregate(spec, { inputs, node, index: results.length });
    results.push({ name, write: result(parts.map(place)) });
  }
  return {
    columns,
    meaning: [...firstColumn.keys()].join(' '),
    resultNames: results.map(({ name }) => name),
    mayFail: specs.some(({ kind }) => FAILING.has(kind)),
    holdsNothing: true,
    orderFree: specs.every(({ kind }) => kind !== 'custom' && !BY_ARRIVAL.has(kind)),
    prepare: (row) => inputs.read(row),
    add(table, slot, row) {
      numbers.add(table, slot);
      for (let index = 0; index < accumulators.length; index += 1) {
        accumulators[index]!.add(table, slot, row);
      }
    },
    merge(target, slot, from, fromSlot) {
      numbers.merge(target, slot, from, fromSlot);
      for (const accumulator of accumulators) accumulator.merge(target, slot, from, fromSlot);
    },
    writeResults(result, table, slot) {
      for (let index = 0; index < results.length; index += 1) {
        const { name, write } = results[index]!;
        result[name] = write(table, slot);
      }
    },
  };
}

/** The one accumulated row of a `reduce`. */
export function compileReduce(node: ReduceNode): Accumulation {
  const reduce = node.reduce as (left: unknown, right: unknown) => unknown;
  const call = userCode(node.uid);
  return {
    columns: [{ kind: 'value' }],
    meaning: 'reduced row',
    resultNames: [],
    mayFail: true,
    holdsNothing: false,
    orderFree: false,
    prepare: () => {},
    add(table, slot, row) {
      const left = table.getValue(0, slot) as JsonValue | undefined;
      const next = left === undefined ? row : call(() => reduce(copyJson(left), row));
      // The first row may be an event that user code still holds, so that a copy is kept.
      table.setValue(0, slot, copyJson(jsonOnly(next, node.uid)));
    },
    merge(target, slot, from, fromSlot) {
      const right = from.getValue(0, fromSlot) as JsonValue | undefined;
      if (right === undefined) return;
      const left = target.getValue(0, slot) as JsonValue | undefined;
      const next = left === undefined ? right : call(() => reduce(copyJson(left), copyJson(right)));
      target.setValue(0, slot, copyJson(jsonOnly(next, node.uid)));
    },
    writeResults(result, table, slot) {
      const row = table.getValue(0, slot) as Record<string, JsonValue>;
      for (const [name, value] of Object.entries(row)) {
        // Key and window identify the row, so that they win over fields of the same name.
        if (!Object.hasOwn(result, name)) setOwn(result, name, copyJson(value));
      }
    },
  };
}

type BuiltIn = Exclude<AggregateSpec, { kind: 'custom' }>;

function compileAggregate(
  spec: AggregateSpec,
  context: {
    readonly inputs: AggregateInputs;
    readonly node: AggregateNode;
    readonly index: number;
  },
): Compiled {
  const { inputs, node, index } = context;
  if (spec.kind === 'custom') return compileCustom(spec, node.uid, index);
  if (spec.input === null) {
    const rows: Part = { name: 'rows', operation: 'rows', input: -1 };
    return { parts: [rows], result: ([column]) => readNumber(column!) };
  }
  const input = inputs.indexOf(spec);
  const name = inputName(spec, input);
  const part = { inputs, input, name };
  const { kind } = spec;
  switch (kind) {
    case 'count':
      return { parts: [countOf(part)], result: ([column]) => readNumber(column!) };
    case 'countIf':
      return {
        parts: [{ name: `count true(${name})`, make: countingTrue(inputs, input) }],
        result: ([column]) => readNumber(column!),
      };
    case 'sum':
    case 'avg':
      return compileSum(spec, part);
    case 'min':
    case 'max':
      return compileExtreme(kind, part);
    case 'stddev':
    case 'variance':
      return {
        parts: [{ name: `moments(${name})`, make: moments(inputs, input) }],
        result: ([column]) => (kind === 'stddev' ? readDeviation(column!) : readVariance(column!)),
      };
    case 'median':
      return compileMedian(part);
    case 'approxPercentile':
      return compilePercentile(spec, part);
    case 'approxCountDistinct':
      return compileDistinct(spec, part);
    case 'collectList':
    case 'collectSet':
      return compileCollected(kind, part);
    case 'topK':
      return compileTop(spec, part, selectorName);
    case 'first':
    case 'last':
      return {
        parts: [{ name: `${kind}(${name})`, make: keeping(inputs, input, kind) }],
        result:
          ([column]) =>
          (table, slot) =>
            copyJson((table.getValue(column!, slot) as JsonValue | undefined) ?? null),
      };
  }
}

function countOf({ inputs, input, name }: PartInput): Part {
  return inputs.isNumeric(input)
    ? { name: `count(${name})`, operation: 'count', input }
    : { name: `count(${name})`, make: counting(inputs, input) };
}

function compileSum(spec: BuiltIn, part: PartInput): Compiled {
  const { inputs, input, name } = part;
  const scale = spec.decimalScale;
  const sum: Part =
    scale === null
      ? { name: `sum(${name})`, operation: 'sum', input }
      : { name: `sum(${name})`, make: summingUnits(inputs, input) };
  if (spec.kind === 'sum') {
    const result = ([column]: readonly number[]) =>
      scale === null ? readNumber(column!) : readDecimal(column!, scale);
    return { parts: [sum], result };
  }
  return {
    parts: [sum, countOf(part)],
    result: ([sumColumn, countColumn]) =>
      scale === null
        ? readMean(sumColumn!, countColumn!)
        : readDecimalMean({ sum: sumColumn!, count: countColumn! }, scale),
  };
}

/** Numbers alone need one column; a field that may also hold texts needs a second one for them. */
function compileExtreme(kind: 'min' | 'max', { inputs, input, name }: PartInput): Compiled {
  if (inputs.isNumeric(input)) {
    const part: Part = { name: `${kind} number(${name})`, operation: kind, input };
    return { parts: [part], result: ([column]) => readNumber(column!) };
  }
  const make = extreme(inputs, input, kind === 'min' ? 1 : -1);
  return {
    parts: [{ name: `${kind}(${name})`, make }],
    result: ([column]) => readExtreme(column!, kind),
  };
}

/** A function is named by its place among the inputs: its text is no part of a schema. */
function inputName(spec: BuiltIn, input: number): string {
  const name = selectorName(spec.input!, input);
  return spec.decimalScale === null ? name : `${name} scale ${spec.decimalScale}`;
}

const selectorName = (selector: Selector, input: number) =>
  selector.kind === 'field' ? JSON.stringify(selector.field) : `function ${input}`;

function compileCustom(
  spec: Extract<AggregateSpec, { kind: 'custom' }>,
  uid: string,
  index: number,
): Compiled {
  const zero = spec.zero as () => unknown;
  const add = spec.add as (accumulator: unknown, event: unknown) => unknown;
  const merge = spec.merge as (left: unknown, right: unknown) => unknown;
  const result = spec.result as (accumulator: unknown) => unknown;
  const call = userCode(uid);
  const custom: MakeAccumulator = (column) => ({
    columns: [{ kind: 'value' }],
    add(table, slot, row) {
      const stored = table.getValue(column, slot) as JsonValue | undefined;
      const next = call(() => add(stored === undefined ? zero() : copyJson(stored), row));
      table.setValue(column, slot, copyJson(jsonOnly(next, uid)));
    },
    merge(target, slot, from, fromSlot) {
      const right = from.getValue(column, fromSlot) as JsonValue | undefined;
      if (right === undefined) return;
      const left = target.getValue(column, slot) as JsonValue | undefined;
      const next = left === undefined ? right : call(() => merge(copyJson(left), copyJson(right)));
      target.setValue(column, slot, copyJson(jsonOnly(next, uid)));
    },
  });
  return {
    parts: [{ name: `custom ${index}`, make: custom }],
    result:
      ([column]) =>
      (table, slot) => {
        const stored = table.getValue(column!, slot) as JsonValue | undefined;
        const shown = call(() => result(stored === undefined ? zero() : copyJson(stored)));
        if (isPlainJson(shown) || shown instanceof Decimal) return shown;
        throw operatorReturned(uid, 'gave a result that is not plain JSON');
      },
  };
}

const readNumber =
  (column: number): WriteResult =>
  (table, slot) => {
    const value = (table.columns[column] as Float64Array)[slot]!;
    return Number.isNaN(value) ? null : value;
  };

const readMean =
  (sum: number, count: number): WriteResult =>
  (table, slot) => {
    const total = (table.columns[sum] as Float64Array)[slot]!;
    return Number.isNaN(total) ? null : total / (table.columns[count] as Float64Array)[slot]!;
  };

const readDecimal =
  (column: number, scale: number): WriteResult =>
  (table, slot) => {
    const units = table.getValue(column, slot) as number | string | undefined;
    return units === undefined ? null : new Decimal(BigInt(unitsOf(units)), scale);
  };

/** Four digits below the scale, as Spark gives an average of decimals. */
const readDecimalMean =
  (columns: { readonly sum: number; readonly count: number }, scale: number): WriteResult =>
  (table, slot) => {
    const units = table.getValue(columns.sum, slot) as number | string | undefined;
    if (units === undefined) return null;
    const count = (table.columns[columns.count] as Float64Array)[slot]!;
    return new Decimal(BigInt(unitsOf(units)), scale).dividedBy(count, scale + 4);
  };

/** Numbers come before texts: the least of a mix is a number, the greatest a text. */
const readExtreme =
  (column: number, kind: 'min' | 'max'): WriteResult =>
  (table, slot) => {
    const value = (table.columns[column] as Float64Array)[slot]!;
    const number = Number.isNaN(value) ? undefined : value;
    const text = table.getValue(column + 1, slot);
    return (kind === 'min' ? (number ?? text) : (text ?? number)) ?? null;
  };

const readDeviation =
  (column: number): WriteResult =>
  (table, slot) => {
    const count = (table.columns[column] as Float64Array)[slot]!;
    const squares = (table.columns[column + 2] as Float64Array)[slot]!;
    return count < 2 ? null : Math.sqrt(squares / (count - 1));
  };

const readVariance =
  (column: number): WriteResult =>
  (table, slot) => {
    const count = (table.columns[column] as Float64Array)[slot]!;
    return count < 2 ? null : (table.columns[column + 2] as Float64Array)[slot]! / (count - 1);
  };

/** Runs user code; what it throws becomes a fault that names the operator. */
const userCode =
  (uid: string) =>
  <Value>(code: () => Value): Value => {
    try {
      return code();
    } catch (thrown) {
      throw operatorFailed(uid, thrown);
    }
  };

function jsonOnly(value: unknown, uid: string): JsonValue {
  if (isPlainJson(value)) return value;
  throw operatorReturned(uid, 'kept a value that is not plain JSON');
}
