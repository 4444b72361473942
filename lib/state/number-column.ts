// A column of doubles as bytes. Most numbers of real events are integers or have a few decimals, and
// sums of such numbers miss a decimal by some units in the last place; so a value is stored as a
// scaled integer plus that distance, but only where this gives back exactly the same 64 bits. NaN
// stands for "nothing yet" and is one byte. Form: a tag, then
//
//   same      index of an earlier column of doubles with the same bits
//   constant  one double for all rows
//   scaled    decimals (byte) · index + 1 of the column that the integers are differences to, or 0
//             (varint) · per row a varint: 0 NaN, 1 raw, else 2 + zigzag(integer) · byte 1 and per
//             row the distance in units in the last place (zigzag, one byte), or byte 0 when all
//             are 0 · the raw doubles
//   raw       a double per row

import { type ByteReader, type ByteWriter, brokenBytes } from './codec.ts';

const TAG = { same: 0, constant: 1, scaled: 2, raw: 3 } as const;

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const;
/** Scaled integers stay below 2^50, so that differences and zigzag stay exact in a varint. */
const INTEGER_MAX = 2 ** 50;
const SAMPLE_ROWS = 64;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const wide = new Float64Array(1);
const wideWords = new Uint32Array(wide.buffer);
const [LOW, HIGH] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** What a column's rows became: kept so that later columns can be written as differences to it. */
interface ScaledRows {
  readonly decimals: number;
  /** 2^51 marks a row that is NaN or raw. */
  readonly integers: Float64Array;
  readonly distances: Int8Array;
  readonly hasDistance: boolean;
}

const NO_INTEGER = 2 ** 51;

/** The columns of doubles written or read so far in one block of rows. */
export interface NumberColumns {
  readonly values: Float64Array[];
  readonly scaled: (ScaledRows | null)[];
}

/** Starts a block of rows without columns. */
export const noNumberColumns = (): NumberColumns => ({ values: [], scaled: [] });

/** Writes `values` in the shortest of the forms. */
export function encodeNumberColumn(
  writer: ByteWriter,
  values: Float64Array,
  earlier: NumberColumns,
): void {
  const same = earlier.values.findIndex((other) => haveSameBits(values, other));
  const scaled = same >= 0 ? earlier.scaled[same]! : scaleRows(values);
  if (same >= 0) {
    writer.byte(TAG.same);
    writer.varint(same);
  } else if (isConstant(values)) {
    writer.byte(TAG.constant);
    writer.float64(values[0] ?? 0);
  } else if (scaled !== null) {
    writer.byte(TAG.scaled);
    encodeScaled(writer, { values, scaled, earlier });
  } else {
    writer.byte(TAG.raw);
    for (const value of values) writer.float64(value);
  }
  earlier.values.push(values);
  earlier.scaled.push(scaled);
}

/** Reads a column of `count` doubles. */
export function decodeNumberColumn(
  reader: ByteReader,
  count: number,
  earlier: NumberColumns,
): Float64Array {
  const values = decodeTagged(reader, count, earlier);
  earlier.values.push(values);
  return values;
}

function decodeTagged(reader: ByteReader, count: number, earlier: NumberColumns): Float64Array {
  const tag = reader.byte();
  switch (tag) {
    case TAG.same:
      return earlierColumn(earlier, reader.varint());
    case TAG.constant:
      return new Float64Array(count).fill(reader.float64());
    case TAG.scaled:
      return decodeScaled(reader, count, earlier);
    case TAG.raw: {
      const values = new Float64Array(count);
      for (let row = 0; row < count; row += 1) values[row] = reader.float64();
      return values;
    }
    default:
      throw brokenBytes(`no column of numbers has the tag ${tag}`);
  }
}

function encodeScaled(
  writer: ByteWriter,
  column: { values: Float64Array; scaled: ScaledRows; earlier: NumberColumns },
): void {
  const { values, scaled, earlier } = column;
  const { integers, distances, hasDistance, decimals } = scaled;
  const reference = nearestColumn(scaled, earlier);
  const base = reference < 0 ? null : earlier.scaled[reference]!.integers;
  writer.byte(decimals);
  writer.varint(reference + 1);
  const raw: number[] = [];
  for (let row = 0; row < integers.length; row += 1) {
    const integer = integers[row]!;
    if (integer === NO_INTEGER) {
      const value = values[row]!;
      const isRaw = !isNothing(value);
      if (isRaw) raw.push(value);
      writer.varint(isRaw ? 1 : 0);
    } else {
      const difference = base === null ? integer : integer - integerOr0(base[row]!);
      writer.varint(2 + (difference < 0 ? -2 * difference - 1 : 2 * difference));
    }
  }
  writer.byte(hasDistance ? 1 : 0);
  if (hasDistance) {
    for (const distance of distances) writer.byte(distance < 0 ? -2 * distance - 1 : 2 * distance);
  }
  for (const value of raw) writer.float64(value);
}

function decodeScaled(reader: ByteReader, count: number, earlier: NumberColumns): Float64Array {
  const power = POWERS[reader.byte()];
  if (power === undefined) throw brokenBytes('a column has an unknown number of decimals');
  const reference = reader.varint();
  const base = reference === 0 ? null : integersOf(earlierColumn(earlier, reference - 1), power);
  const values = new Float64Array(count);
  const raw: number[] = [];
  for (let row = 0; row < count; row += 1) {
    const code = reader.varint();
    if (code < 2) {
      values[row] = Number.NaN;
      if (code === 1) raw.push(row);
      continue;
    }
    const zigzag = code - 2;
    const difference = zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
    values[row] = (base === null ? difference : difference + base[row]!) / power;
  }
  if (reader.byte() === 1) {
    for (let row = 0; row < count; row += 1) {
      const zigzag = reader.byte();
      if (zigzag === 0) continue;
      values[row] = atDistance(values[row]!, zigzag & 1 ? -(zigzag + 1) / 2 : zigzag / 2);
    }
  }
  for (const row of raw) values[row] = reader.float64();
  return values;
}

/** The rows as integers at the smallest number of decimals that fits nearly all, or `null`. */
function scaleRows(values: Float64Array): ScaledRows | null {
  const decimals = POWERS.findIndex((power) => fitsSample(values, power));
  if (decimals < 0) return null;
  const power = POWERS[decimals]!;
  const integers = new Float64Array(values.length);
  const distances = new Int8Array(values.length);
  let hasDistance = false;
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row]!;
    const distance = distanceAt(value, power);
    if (distance === undefined) {
      integers[row] = NO_INTEGER;
      continue;
    }
    integers[row] = Math.round(value * power);
    distances[row] = distance;
    hasDistance ||= distance !== 0;
  }
  return { decimals, integers, distances, hasDistance };
}

function fitsSample(values: Float64Array, power: number): boolean {
  const step = Math.max(1, Math.floor(values.length / SAMPLE_ROWS));
  let seen = 0;
  let fitting = 0;
  for (let row = 0; row < values.length; row += step) {
    if (isNothing(values[row]!)) continue;
    seen += 1;
    if (distanceAt(values[row]!, power) !== undefined) fitting += 1;
  }
  return fitting * 8 >= seen * 7;
}

/** Units in the last place from the nearest scaled integer to `value`; `undefined` when they are many. */
function distanceAt(value: number, power: number): number | undefined {
  const integer = Math.round(value * power) + 0;
  // Written so that NaN fails as well.
  if (!(integer < INTEGER_MAX && integer > -INTEGER_MAX)) return undefined;
  const near = integer / power;
  if (near === value && !Object.is(value, -0)) return 0;
  double[0] = value;
  wide[0] = near;
  const distance =
    (words[HIGH]! - wideWords[HIGH]!) * 0x1_0000_0000 + (words[LOW]! - wideWords[LOW]!);
  return distance >= -127 && distance <= 127 ? distance : undefined;
}

function atDistance(near: number, distance: number): number {
  wide[0] = near;
  const low = wideWords[LOW]! + distance;
  wideWords[LOW] = low;
  if (low < 0) wideWords[HIGH] = wideWords[HIGH]! - 1;
  if (low > 0xffff_ffff) wideWords[HIGH] = wideWords[HIGH]! + 1;
  return wide[0]!;
}

/** The earlier column of equal decimals to which the differences are shortest; -1 when none helps. */
function nearestColumn(scaled: ScaledRows, earlier: NumberColumns): number {
  let best = -1;
  let bestBits = sumOfBits(scaled.integers, null);
  for (const [index, other] of earlier.scaled.entries()) {
    // Differences are taken between the scaled integers of the doubles as they will be read back.
    if (other === null || other.decimals !== scaled.decimals) continue;
    const bits = sumOfBits(scaled.integers, other.integers);
    if (bits < bestBits) [best, bestBits] = [index, bits];
  }
  return best;
}

function sumOfBits(integers: Float64Array, base: Float64Array | null): number {
  let bits = 0;
  const step = Math.max(1, Math.floor(integers.length / (4 * SAMPLE_ROWS)));
  for (let row = 0; row < integers.length; row += step) {
    const integer = integers[row]!;
    if (integer === NO_INTEGER) continue;
    const difference = base === null ? integer : integer - integerOr0(base[row]!);
    bits += Math.log2(1 + 2 * Math.abs(difference));
  }
  return bits;
}

/** The integers that a column stands for at `power`: the same rule on both sides, 0 where none fits. */
function integersOf(values: Float64Array, power: number): Float64Array {
  const integers = new Float64Array(values.length);
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row]!;
    integers[row] = distanceAt(value, power) === undefined ? 0 : Math.round(value * power);
  }
  return integers;
}

const integerOr0 = (integer: number) => (integer === NO_INTEGER ? 0 : integer);

function earlierColumn(earlier: NumberColumns, index: number): Float64Array {
  const column = earlier.values[index];
  if (column === undefined) throw brokenBytes(`column ${index} is not before this one`);
  return column;
}

function haveSameBits(left: Float64Array, right: Float64Array): boolean {
  for (let row = 0; row < left.length; row += 1) {
    if (!Object.is(left[row], right[row])) return false;
  }
  return true;
}

function isConstant(values: Float64Array): boolean {
  const first = values[0];
  for (let row = 1; row < values.length; row += 1) {
    if (!Object.is(values[row], first)) return false;
  }
  return true;
}

const isNothing = (value: number) => Number.isNaN(value);
