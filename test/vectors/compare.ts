// Compares rows of results with those of vectors: as multisets unless their order counts, numbers to
// a relative 1e-9, whole ones exactly. A difference is an error that shows what is missing and what is too much.

import type { Value } from './vector.ts';

const TOLERANCE = 1e-9;
/** Numbers above are times, of which a ten-thousandth of a second is told apart; sums are smaller. */
const LARGE = 1e6;
const TOLERANCE_OF_LARGE = 1e-13;

export interface Comparison {
  readonly what: string;
  readonly actual: readonly Value[];
  readonly expected: readonly Value[];
  readonly ordered?: boolean;
}

/** Fails unless the rows are those expected. */
export function expectRows({ what, actual, expected, ordered = false }: Comparison): void {
  const missing = [...expected];
  const surplus: Value[] = [];
  for (const row of actual) {
    const place = missing.findIndex((other) => isSame(row, other));
    if (place >= 0) missing.splice(place, 1);
    else surplus.push(row);
  }
  const differs = missing.length > 0 || surplus.length > 0;
  const outOfOrder = ordered && !differs && !isSame(actual, expected);
  if (!differs && !outOfOrder) return;
  throw new Error(
    [
      `${what}: ${outOfOrder ? 'the rows are in another order' : 'the rows differ'}`,
      ...(outOfOrder ? [] : [`  missing:  ${shown(missing)}`, `  too much: ${shown(surplus)}`]),
      `  expected: ${shown(expected)}`,
      `  actual:   ${shown(actual)}`,
    ].join('\n'),
  );
}

/** Fails unless the values are equal. */
export function expectSame(what: string, actual: Value, expected: Value): void {
  if (isSame(actual, expected)) return;
  throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}

export function isSame(left: Value, right: Value): boolean {
  if (typeof left === 'number' && typeof right === 'number') {
    if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left === right;
    const scale = Math.max(1, Math.abs(left), Math.abs(right));
    const tolerance = scale > LARGE ? TOLERANCE_OF_LARGE : TOLERANCE;
    return Math.abs(left - right) <= tolerance * scale;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((each, index) => isSame(each, right[index]));
  }
  return (left ?? null) === (right ?? null);
}

const ROWS_SHOWN_MAX = 20;

const shown = (rows: readonly Value[]) => {
  const text = JSON.stringify(rows.slice(0, ROWS_SHOWN_MAX));
  return rows.length > ROWS_SHOWN_MAX ? `${text} and ${rows.length - ROWS_SHOWN_MAX} more` : text;
};
