import { Decimal } from '../../model/decimal.ts';
import { JSON_DEPTH_MAX } from '../../model/limits.ts';
import { isWellFormed } from './text.ts';
import { notStorable, rowTooLarge, type Unstorable } from './unstorable.ts';

/** Characters of a row: an invocation brings 6 MB, so a row that grows beyond this is a mistake. */
const ROW_LENGTH_MAX = 8 * 1_024 * 1_024;

/** What one check has seen so far. */
interface Check {
  charactersLeft: number;
  field: string | null;
}

/**
 * Why JSON text of the row would not read back as the row; `null` when it would, decimals and dates
 * as text. Halves of surrogate pairs are not looked for: see `holdsLoneSurrogate`.
 */
export function checkPlainRow(row: object): Unstorable | null {
  const check: Check = { charactersLeft: ROW_LENGTH_MAX, field: null };
  if (!isPlainObject(row)) return notStorable(null, 'is no plain object');
  for (const field of Object.keys(row)) {
    const value = (row as Readonly<Record<string, unknown>>)[field];
    if (value === undefined) continue;
    check.field = field;
    check.charactersLeft -= field.length;
    const refusal = checkValue(check, value, 1);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Looks at every name and text of a plain row. */
export function holdsLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !isWellFormed(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return false;
  return Object.entries(value).some(
    ([name, member]) => !isWellFormed(name) || holdsLoneSurrogate(member),
  );
}

function checkValue(check: Check, value: unknown, depth: number): Unstorable | null {
  check.charactersLeft -= 1;
  switch (typeof value) {
    case 'string':
      check.charactersLeft -= value.length;
      break;
    case 'number':
      if (!Number.isFinite(value)) {
        return notStorable(check.field, 'holds a number that is not finite');
      }
      break;
    case 'boolean':
      break;
    case 'object':
      if (value === null) break;
      return checkObject(check, value, depth);
    default:
      return notStorable(check.field, `holds a value of type ${typeof value}, which is no data`);
  }
  return check.charactersLeft < 0 ? TOO_LARGE : null;
}

const TOO_LARGE = rowTooLarge(ROW_LENGTH_MAX, 'more than an invocation can bring');

function checkObject(check: Check, value: object, depth: number): Unstorable | null {
  if (value instanceof Decimal) return null;
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? notStorable(check.field, 'holds an invalid date') : null;
  }
  if (depth >= JSON_DEPTH_MAX) {
    return notStorable(check.field, `is nested more than ${JSON_DEPTH_MAX} levels deep`);
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const refusal = checkValue(check, value[index], depth + 1);
      if (refusal !== null) return refusal;
    }
    return null;
  }
  if (!isPlainObject(value)) {
    return notStorable(check.field, 'holds an object of a class, which is no plain data');
  }
  for (const name of Object.keys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member === undefined) continue;
    check.charactersLeft -= name.length;
    const refusal = checkValue(check, member, depth + 1);
    if (refusal !== null) return refusal;
  }
  return null;
}

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
