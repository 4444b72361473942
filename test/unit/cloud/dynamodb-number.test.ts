import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addNumbers,
  canonicalNumber,
  compareNumbers,
  significantDigits,
  sortableNumber,
  subtractNumbers,
} from '../../../lib/cloud/dynamodb/number.ts';

/** A decimal as its digits and exponent, and the same as an exact fraction of 10^150. */
const decimal = fc
  .record({
    units: fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
    exponent: fc.integer({ min: -90, max: 80 }),
  })
  .map(({ units, exponent }) => ({
    text: `${units}E${exponent}`,
    exact: units * 10n ** BigInt(exponent + 150),
  }));

const sign = (value: bigint | number) => (value > 0 ? 1 : value < 0 ? -1 : 0);

describe('canonical numbers', () => {
  it.each([
    ['2.0', '2'],
    ['-0', '0'],
    ['+0.0E5', '0'],
    ['007', '7'],
    ['1e2', '100'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-1.50e-3', '-0.0015'],
    ['123456789012345678901234567890.12345678', '123456789012345678901234567890.12345678'],
    ['1E125', `1${'0'.repeat(125)}`],
    ['1E-130', `0.${'0'.repeat(129)}1`],
  ])('%s is %s', (given, canonical) => {
    expect(canonicalNumber(given)).toBe(canonical);
  });

  it.each(['', 'abc', '1,5', '0x10', 'NaN', 'Infinity', '1e', '.', ' 1'])(
    'refuses %j as no number',
    (text) => {
      expect(() => canonicalNumber(text)).toThrow('cannot be converted to a numeric value');
    },
  );

  it('refuses the 39th significant digit but not zeros beside 38', () => {
    expect(canonicalNumber(`${'9'.repeat(38)}00`)).toBe(`${'9'.repeat(38)}00`);
    expect(() => canonicalNumber('1'.repeat(39))).toThrow('more than 38 significant digits');
  });

  it('refuses magnitudes beyond both ends of the range', () => {
    expect(() => canonicalNumber('1E126')).toThrow('Number overflow');
    expect(() => canonicalNumber('1E-131')).toThrow('Number underflow');
  });

  it('are the same text exactly when the numbers are equal', () => {
    fc.assert(
      fc.property(decimal, decimal, (one, other) => {
        const same = canonicalNumber(one.text) === canonicalNumber(other.text);
        expect(same).toBe(one.exact === other.exact);
      }),
    );
  });

  it('are unchanged when made canonical again', () => {
    fc.assert(
      fc.property(decimal, ({ text }) => {
        const canonical = canonicalNumber(text);
        expect(canonicalNumber(canonical)).toBe(canonical);
      }),
    );
  });

  it('are ordered by value, by comparison and as sortable text', () => {
    fc.assert(
      fc.property(decimal, decimal, (one, other) => {
        const [left, right] = [canonicalNumber(one.text), canonicalNumber(other.text)];
        const expected = sign(one.exact - other.exact);
        expect(sign(compareNumbers(left, right))).toBe(expected);
        const [low, high] = [sortableNumber(left), sortableNumber(right)];
        expect(low === high ? 0 : low < high ? -1 : 1).toBe(expected);
      }),
    );
  });

  it('order near neighbours of every sign and length', () => {
    const ascending = ['-10', '-9.99', '-1.23', '-1.2', '-1', '-0.5', '-0.05', '0', '0.05', '0.5'];
    ascending.push('1', '1.2', '1.23', '9.99', '10', '11', '100');
    expect([...ascending].reverse().sort(compareNumbers)).toEqual(ascending);
    const sortable = ascending.map(sortableNumber);
    expect([...sortable].sort()).toEqual(sortable);
  });

  it('are added and subtracted exactly', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.integer({ min: 0, max: 6 }),
        (left, right, scale) => {
          const one = canonicalNumber(`${left}E-${scale}`);
          const other = canonicalNumber(`${right}E-6`);
          const factor = 10n ** BigInt(6 - scale);
          expect(addNumbers(one, other)).toBe(canonicalNumber(`${left * factor + right}E-6`));
          expect(subtractNumbers(one, other)).toBe(canonicalNumber(`${left * factor - right}E-6`));
        },
      ),
    );
  });

  it('have as many significant digits as remain without zeros at the ends', () => {
    expect(['0', '100', '-12.5', '0.0015', '10'].map(significantDigits)).toEqual([0, 1, 3, 2, 1]);
  });
});
