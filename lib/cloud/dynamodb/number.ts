// DynamoDB's numbers: decimals of at most 38 significant digits, compared by value. Each is kept in
// one canonical text (no exponent, no superfluous zeros), so that equal numbers are equal texts.

import { validationError } from './refusals.ts';

const DIGITS_MAX = 38;
/** A number is 0 or between 1E-130 and 9.99…E+125 in magnitude. */
const EXPONENT_MIN = -130;
const EXPONENT_MAX = 125;

const PLAIN = /^(?:0|-?[1-9]\d{0,14})$/;
const NUMERIC = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;

/** `0.digits × 10^point`, negated when `negative`; no digits for zero, no zeros at either end. */
interface Decomposed {
  readonly negative: boolean;
  readonly digits: string;
  readonly point: number;
}

/** The canonical text of the number that `text` denotes; refuses what the service refuses. */
export function canonicalNumber(text: string): string {
  if (PLAIN.test(text)) return text;
  const match = NUMERIC.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) {
    const shown = text === '' ? '' : `: ${text}`;
    throw validationError(`The parameter cannot be converted to a numeric value${shown}`);
  }
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  return plainText(
    checked(trimmed(sign === '-', whole + fraction, whole.length + Number(exponent))),
  );
}

/** Below 0, 0 or above 0 as canonical `left` is less than, equal to or greater than `right`. */
export function compareNumbers(left: string, right: string): number {
  if (left === right) return 0;
  if (PLAIN.test(left) && PLAIN.test(right)) return Number(left) - Number(right);
  return sortableNumber(left) < sortableNumber(right) ? -1 : 1;
}

/** The canonical text of `left + right`. */
export function addNumbers(left: string, right: string): string {
  const [one, other] = [fractionDigits(left), fractionDigits(right)];
  const scale = Math.max(one, other);
  const sum = scaledUnits(left, scale - one) + scaledUnits(right, scale - other);
  const magnitude = (sum < 0n ? -sum : sum).toString();
  return plainText(checked(trimmed(sum < 0n, magnitude, magnitude.length - scale)));
}

/** The canonical text of `left - right`. */
export function subtractNumbers(left: string, right: string): string {
  return addNumbers(left, right.startsWith('-') ? right.slice(1) : `-${right}`);
}

/** Text whose order under `<` is the order of canonical numbers. */
export function sortableNumber(canonical: string): string {
  const { negative, digits, point } = decomposed(canonical);
  if (digits === '') return '1';
  if (!negative) return `2${String(point + 500)}${digits}`;
  // For negatives every part is complemented; ':' sorts above the digits, so that of two numbers
  // with a common beginning the one with fewer digits, which is the greater, comes last.
  const complement = digits.replace(/\d/g, (digit) => String(9 - Number(digit)));
  return `0${String(500 - point)}${complement}:`;
}

/** Significant digits of a canonical number, for its stored size. */
export function significantDigits(canonical: string): number {
  return PLAIN.test(canonical) && !canonical.endsWith('0')
    ? canonical.length - (canonical.startsWith('-') ? 1 : 0)
    : decomposed(canonical).digits.length;
}

function trimmed(negative: boolean, allDigits: string, point: number): Decomposed {
  const withoutLead = allDigits.replace(/^0+/, '');
  const digits = withoutLead.replace(/0+$/, '');
  return { negative, digits, point: point - (allDigits.length - withoutLead.length) };
}

function checked(number: Decomposed): Decomposed {
  if (number.digits === '') return number;
  if (number.digits.length > DIGITS_MAX) {
    throw validationError('Attempting to store more than 38 significant digits in a Number');
  }
  const exponent = number.point - 1;
  if (exponent > EXPONENT_MAX) {
    throw validationError(
      'Number overflow. Attempting to store a number with magnitude larger than supported range',
    );
  }
  if (exponent < EXPONENT_MIN) {
    throw validationError(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    );
  }
  return number;
}

function decomposed(canonical: string): Decomposed {
  const negative = canonical.startsWith('-');
  const [whole = '', fraction = ''] = (negative ? canonical.slice(1) : canonical).split('.');
  return trimmed(negative, whole + fraction, whole.length);
}

function plainText({ negative, digits, point }: Decomposed): string {
  if (digits === '') return '0';
  const sign = negative ? '-' : '';
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function fractionDigits(canonical: string): number {
  const dot = canonical.indexOf('.');
  return dot < 0 ? 0 : canonical.length - dot - 1;
}

function scaledUnits(canonical: string, zeros: number): bigint {
  return BigInt(canonical.replace('.', '')) * 10n ** BigInt(zeros);
}
