// The values that aggregates read of a row. Each distinct field or function is read once per row,
// however many aggregates use it, and checked before any state is touched, so that a bad value
// leaves nothing to undo.

import { Decimal } from '../model/decimal.ts';
import {
  DECIMAL_DIGITS_MAX,
  JSON_DEPTH_MAX,
  NUMBER_MAGNITUDE_END,
  NUMBER_MAGNITUDE_MIN,
  TOP_VALUE_BYTES_MAX,
} from '../model/limits.ts';
import type { AggregateSpec, Selector } from '../plan/plan.ts';
import { copyJson, isPlainJson, type JsonValue } from '../state/json-value.ts';
import { faultOf, operatorReturned, type RecordFault } from './record-fault.ts';
import { type Read, readerOf, selectorText } from './selector.ts';

/** What an aggregate demands of a value that is not null. */
type Demand =
  | 'number'
  | 'decimal'
  | 'comparable'
  | 'boolean'
  | 'scalar'
  | 'json'
  /** JSON that a list can hold and that still is no deeper than what state may hold. */
  | 'element'
  /** An element of few bytes. */
  | 'short'
  /** A number or a text of few bytes. */
  | 'rank'
  | 'none';

type BuiltIn = Exclude<AggregateSpec, { kind: 'custom' }>;

/** Exact units of a decimal: a safe integer where it fits, which is nearly always. */
export type Units = number | bigint;

interface Input {
  readonly selector: Selector;
  readonly demand: Demand;
  readonly decimalScale: number;
  readonly read: Read;
}

/** The distinct inputs of one aggregation, and their values for the row at hand. */
export class AggregateInputs {
  /** By input that is not numeric: a checked value, or `null` where the row has none. */
  readonly values: unknown[] = [];
  /** By numeric input: its number, or NaN where the row has none. */
  numbers = new Float64Array(0);
  private readonly uid: string;
  private readonly inputs: Input[] = [];
  /** Selectors whose values must be numbers for one aggregate: others read the same numbers then. */
  private readonly numeric: readonly Selector[];

  /** `specs`: all aggregates that will ask for inputs. */
  constructor(uid: string, specs: readonly AggregateSpec[]) {
    this.uid = uid;
    this.numeric = specs
      .filter((spec): spec is BuiltIn => spec.kind !== 'custom')
      .filter((spec) => demandOf(spec) === 'number')
      .map((spec) => spec.input!);
  }

  /** The index of the input an aggregate needs, added when it is new. */
  indexOf(spec: BuiltIn): number {
    return this.place(spec.input!, demandOf(spec), spec.decimalScale ?? 0);
  }

  /** The index of what an aggregate ranks rows by, added when it is new. */
  indexOfRank(selector: Selector): number {
    return this.place(selector, 'rank', 0);
  }

  /** The fault of a row that would make its group hold too much. */
  groupTooLarge(index: number, limit: string): RecordFault {
    const name = this.nameOf(this.inputs[index]!);
    return faultOf('group-too-large', `${name} would make its group hold more than ${limit}`);
  }

  private place(selector: Selector, own: Demand, decimalScale: number): number {
    const isNumeric =
      (own === 'none' || own === 'comparable') &&
      this.numeric.some((each) => isSame(each, selector));
    const demand = isNumeric ? 'number' : own;
    const known = this.inputs.findIndex(
      (input) =>
        isSame(input.selector, selector) &&
        input.demand === demand &&
        input.decimalScale === decimalScale,
    );
    if (known >= 0) return known;
    this.inputs.push({ selector, demand, decimalScale, read: readerOf(selector, this.uid) });
    this.numbers = new Float64Array(this.inputs.length);
    return this.inputs.length - 1;
  }

  /** Whether all values of an input are numbers, so that they stand in `numbers`. */
  isNumeric(index: number): boolean {
    return this.inputs[index]!.demand === 'number';
  }

  /** Reads and checks all inputs of a row; throws a fault for the first that does not fit. */
  read(row: unknown): void {
    const { inputs, values, numbers } = this;
    for (let index = 0; index < inputs.length; index += 1) {
      const input = inputs[index]!;
      const value = input.read(row);
      const isNothing = value === undefined || value === null;
      if (input.demand === 'number') {
        numbers[index] = isNothing ? Number.NaN : this.numberOf(value, input);
      } else values[index] = isNothing ? null : this.checked(value, input);
    }
  }

  private numberOf(value: unknown, input: Input): number {
    if (typeof value !== 'number') {
      throw faultOf('not-a-number', `${this.nameOf(input)} is not a number`);
    }
    if (!isInRange(value)) throw this.outOfRange(value, input);
    return value;
  }

  private outOfRange(value: number, input: Input): RecordFault {
    // 1e999 is valid JSON and reads as Infinity.
    return Number.isFinite(value)
      ? faultOf(
          'out-of-range',
          `${this.nameOf(input)} is neither 0 nor a number from ${NUMBER_MAGNITUDE_MIN} ` +
            `to below ${NUMBER_MAGNITUDE_END} in magnitude`,
        )
      : faultOf('not-finite', `${this.nameOf(input)} is not a finite number`);
  }

  private checked(value: unknown, input: Input): unknown {
    switch (input.demand) {
      case 'decimal':
        return this.unitsOf(value, input);
      case 'comparable':
        if (typeof value === 'string') return value;
        if (typeof value === 'number') return this.numberOf(value, input);
        throw faultOf('not-comparable', `${this.nameOf(input)} is neither a number nor a text`);
      case 'boolean':
        if (typeof value === 'boolean') return value;
        throw faultOf('not-a-boolean', `${this.nameOf(input)} is not a boolean`);
      case 'scalar':
        if (typeof value === 'number') return this.numberOf(value, input) + 0;
        if (typeof value === 'string' || typeof value === 'boolean') return value;
        throw faultOf(
          'not-a-scalar',
          `${this.nameOf(input)} is neither a number nor a text nor a boolean`,
        );
      case 'rank':
        if (typeof value === 'number') return this.numberOf(value, input) + 0;
        if (typeof value === 'string') return this.short(value, input);
        throw faultOf('not-comparable', `${this.nameOf(input)} is neither a number nor a text`);
      case 'json':
      case 'element':
        return this.jsonOrNumber(value, input);
      case 'short':
        return this.short(this.jsonOrNumber(value, input), input);
      default:
        return value;
    }
  }

  private jsonOrNumber(value: unknown, input: Input): JsonValue {
    return typeof value === 'number' ? this.numberOf(value, input) + 0 : this.json(value, input);
  }

  private short(value: JsonValue, input: Input): JsonValue {
    if (Buffer.byteLength(JSON.stringify(value)) <= TOP_VALUE_BYTES_MAX) return value;
    throw faultOf(
      'value-too-large',
      `${this.nameOf(input)} has more than ${TOP_VALUE_BYTES_MAX} bytes as JSON`,
    );
  }

  private json(value: unknown, input: Input): JsonValue {
    if (!isPlainJson(value)) {
      throw operatorReturned(this.uid, `was given ${selectorText(input.selector)} that is no JSON`);
    }
    // Copied here and not when it is kept, because copying a proxy runs user code.
    const copy = copyJson(value);
    const outside = numberOutOfRange(copy);
    if (outside !== undefined) throw this.outOfRange(outside, input);
    if (input.demand !== 'json' && !isPlainJson(copy, JSON_DEPTH_MAX - 1)) {
      throw faultOf('value-too-large', `${this.nameOf(input)} is nested too deep for a list`);
    }
    return copy;
  }

  private unitsOf(value: unknown, input: Input): Units {
    const { decimalScale } = input;
    if (typeof value === 'number') {
      this.numberOf(value, input);
      const units = Math.round(value * 10 ** decimalScale);
      // Decimals of up to 15 digits and doubles map to each other, so this one is the number's text.
      if (Math.abs(units) < 1e15 && units / 10 ** decimalScale === value) return units + 0;
    }
    const decimal =
      typeof value === 'number' || typeof value === 'string'
        ? Decimal.parse(String(value), decimalScale)
        : undefined;
    if (decimal === undefined) {
      throw faultOf(
        'not-a-number',
        `${this.nameOf(input)} is no decimal with at most ${decimalScale} digits after the point`,
      );
    }
    if (decimal.units >= UNITS_END || decimal.units <= -UNITS_END) {
      throw faultOf(
        'out-of-range',
        `${this.nameOf(input)} has more than ${DECIMAL_DIGITS_MAX} digits, ${decimalScale} of them after the point`,
      );
    }
    return decimal.units;
  }

  private nameOf(input: Input): string {
    return `${selectorText(input.selector)}, an input of '${this.uid}',`;
  }
}

const UNITS_END = 10n ** BigInt(DECIMAL_DIGITS_MAX);

function isInRange(value: number): boolean {
  const magnitude = Math.abs(value);
  return (magnitude >= NUMBER_MAGNITUDE_MIN && magnitude < NUMBER_MAGNITUDE_END) || value === 0;
}

/** A number anywhere in `value` that no sink of results may be able to store. */
function numberOutOfRange(value: JsonValue): number | undefined {
  if (typeof value === 'number') return isInRange(value) ? undefined : value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const member of Object.values(value)) {
    const outside = numberOutOfRange(member);
    if (outside !== undefined) return outside;
  }
  return undefined;
}

function demandOf(spec: BuiltIn): Demand {
  switch (spec.kind) {
    case 'count':
      return 'none';
    case 'sum':
    case 'avg':
      return spec.decimalScale === null ? 'number' : 'decimal';
    case 'stddev':
    case 'variance':
    case 'median':
    case 'approxPercentile':
      return 'number';
    case 'countIf':
      return 'boolean';
    case 'collectSet':
    case 'approxCountDistinct':
      return 'scalar';
    case 'collectList':
      return 'element';
    case 'topK':
      return spec.by === null ? 'rank' : 'short';
    case 'min':
    case 'max':
      return 'comparable';
    case 'first':
    case 'last':
      return 'json';
  }
}

function isSame(left: Selector, right: Selector): boolean {
  return left.kind === 'field'
    ? right.kind === 'field' && left.field === right.field
    : right.kind === 'function' && left.select === right.select;
}
