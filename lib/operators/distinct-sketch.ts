// HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with a hash of 64 bits, and the estimator of
// Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", 2017, section 4), which is
// unbiased over the whole range without tables of corrections. The registers are a function of the
// set of values alone, so that order, repetition and merges change nothing.
//
// A sketch is a text of digits to the base of 64, in the order of their code points:
//
//   sparse   per register that is not 0, by index: three digits of index, one of value
//   dense    one digit per register
//
// It is sparse exactly as long as that is shorter, so that the same registers are the same text.

import { murmurHash } from './murmur-hash.ts';

const DIGITS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const ZERO = DIGITS[0]!;
const DIGIT_OF = new Map([...DIGITS].map((digit, value) => [digit, value] as const));
const ENTRY_LENGTH = 4;
const INDEX_LENGTH = 3;
const HASH_BITS = 64;
const [FIRST_SEED, SECOND_SEED] = [0x52697675, 0x6c657421];

/** Bits of the index of a register for a relative standard deviation, as Spark computes them. */
export function precisionOf(relativeError: number): number {
  return Math.ceil(2 * Math.log2(1.106 / relativeError));
}

/** The sketch of `sketch` and one more value; the same text when nothing changes. */
export function withValue(sketch: string, precision: number, value: ScalarValue): string {
  const text = `${(typeof value)[0]}${value}`;
  const high = murmurHash(text, FIRST_SEED);
  const index = high >>> (32 - precision);
  const rest = high << precision;
  const zeros =
    rest === 0 ? 32 - precision + Math.clz32(murmurHash(text, SECOND_SEED)) : Math.clz32(rest);
  return withRegister(sketch, precision, { index, value: zeros + 1 });
}

/** A value of which distinct ones are counted. */
export type ScalarValue = string | number | boolean;

/** The sketch of the values of both. */
export function union(left: string, right: string, precision: number): string {
  const [least, most] = left.length < right.length ? [left, right] : [right, left];
  if (!isDense(least, precision)) {
    return registersOf(least, precision).reduce(
      (sketch, register) => withRegister(sketch, precision, register),
      most,
    );
  }
  let dense = '';
  for (let index = 0; index < most.length; index += 1) {
    const greater = least[index]! > most[index]! ? least : most;
    dense += greater[index]!;
  }
  return dense;
}

/** How many values a sketch has seen: 0 for the empty one. */
export function estimate(sketch: string, precision: number): number {
  const size = 2 ** precision;
  const valueMax = HASH_BITS - precision + 1;
  const counts = new Array<number>(valueMax + 1).fill(0);
  for (const { value } of registersOf(sketch, precision)) counts[value]! += 1;
  counts[0] = size - counts.reduce((sum, count) => sum + count, 0);
  let sum = size * tau(1 - counts[valueMax]! / size);
  for (let value = valueMax - 1; value >= 1; value -= 1) sum = (sum + counts[value]!) / 2;
  sum += size * sigma(counts[0] / size);
  return Math.round(size ** 2 / (2 * Math.LN2 * sum));
}

interface Register {
  readonly index: number;
  readonly value: number;
}

const isDense = (sketch: string, precision: number) => sketch.length === 2 ** precision;

function withRegister(sketch: string, precision: number, { index, value }: Register): string {
  const digit = DIGITS[value]!;
  if (isDense(sketch, precision)) {
    if (sketch[index]! >= digit) return sketch;
    return sketch.slice(0, index) + digit + sketch.slice(index + 1);
  }
  const name = indexText(index);
  const place = placeOf(sketch, name);
  const isThere = sketch.startsWith(name, place);
  if (isThere && sketch[place + INDEX_LENGTH]! >= digit) return sketch;
  const after = sketch.slice(isThere ? place + ENTRY_LENGTH : place);
  const next = sketch.slice(0, place) + name + digit + after;
  return next.length < 2 ** precision ? next : denseOf(next, precision);
}

/** Where the entry of an index stands, or would stand. */
function placeOf(sparse: string, name: string): number {
  let [low, high] = [0, sparse.length / ENTRY_LENGTH];
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = middle * ENTRY_LENGTH;
    if (sparse.slice(start, start + INDEX_LENGTH) < name) low = middle + 1;
    else high = middle;
  }
  return low * ENTRY_LENGTH;
}

function denseOf(sparse: string, precision: number): string {
  const digits = new Array<string>(2 ** precision).fill(ZERO);
  for (const { index, value } of entriesOf(sparse)) digits[index] = DIGITS[value]!;
  return digits.join('');
}

/** The registers that are not 0. */
function registersOf(sketch: string, precision: number): readonly Register[] {
  if (!isDense(sketch, precision)) return entriesOf(sketch);
  return Array.from(sketch, (digit, index) => ({ index, value: DIGIT_OF.get(digit)! })).filter(
    ({ value }) => value > 0,
  );
}

function entriesOf(sparse: string): readonly Register[] {
  const digitAt = (place: number) => DIGIT_OF.get(sparse[place]!)!;
  return Array.from({ length: sparse.length / ENTRY_LENGTH }, (_, entry) => {
    const place = entry * ENTRY_LENGTH;
    const index = (digitAt(place) * 64 + digitAt(place + 1)) * 64 + digitAt(place + 2);
    return { index, value: digitAt(place + INDEX_LENGTH) };
  });
}

const indexText = (index: number) =>
  DIGITS[index >> 12]! + DIGITS[(index >> 6) & 63]! + DIGITS[index & 63]!;

/** The share of registers at 0: x + the sum over k of x^(2^k) 2^(k-1). */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let [power, factor, sum, before] = [share, 1, share, Number.NaN];
  while (sum !== before) {
    before = sum;
    power *= power;
    sum += power * factor;
    factor *= 2;
  }
  return sum;
}

/** The share of registers below the greatest value: (1 - x - the sum of (1 - x^(2^-k))^2 2^-k) / 3. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [root, factor, sum, before] = [share, 1, 1 - share, Number.NaN];
  while (sum !== before) {
    before = sum;
    root = Math.sqrt(root);
    factor /= 2;
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}
