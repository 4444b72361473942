import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedMap } from '../../../lib/cloud/sorted-map.ts';
import { afterPrefix, sortableText } from '../../../lib/cloud/utf8-order.ts';

const keys = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 3_000 })), {
  maxLength: 3_000,
  size: 'max',
});
const bound = fc.record({ key: fc.nat({ max: 3_000 }).map(padded), inclusive: fc.boolean() });

function padded(number: number): string {
  return String(number).padStart(5, '0');
}

describe('a sorted map', () => {
  it('holds and orders what a plain map holds', { timeout: 20_000 }, () => {
    fc.assert(
      fc.property(keys, (steps) => {
        const sorted = new SortedMap<number>();
        const plain = new Map<string, number>();
        for (const [adds, number] of steps) {
          const key = padded(number);
          if (adds) {
            sorted.set(key, number);
            plain.set(key, number);
          } else {
            expect(sorted.delete(key)).toBe(plain.delete(key));
          }
        }
        const expected = [...plain].sort();
        expect([...sorted.ascending()]).toEqual(expected);
        expect([...sorted.descending()]).toEqual(expected.reverse());
        expect(sorted.size).toBe(plain.size);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps its order when long runs of keys are deleted and others come', () => {
    const sorted = new SortedMap<number>();
    const numbers = Array.from({ length: 3_000 }, (_, number) => number);
    for (const number of numbers) sorted.set(padded(number), number);
    for (let number = 400; number < 2_600; number += 1) sorted.delete(padded(number));
    for (let number = 2_599; number >= 400; number -= 7) sorted.set(padded(number), number);
    const left = numbers.filter(
      (number) => number < 400 || number >= 2_600 || (2_599 - number) % 7 === 0,
    );
    expect([...sorted.ascending()].map(([, number]) => number)).toEqual(left);
    const upper = { key: padded(1_500), inclusive: true };
    const below = left.filter((number) => number <= 1_500).reverse();
    expect([...sorted.descending({ upper })].map(([, number]) => number)).toEqual(below);
  });

  it('walks exactly the keys of a range, in both directions', () => {
    const numbers = fc.uniqueArray(fc.nat({ max: 3_000 }), { maxLength: 2_000, size: 'max' });
    fc.assert(
      fc.property(numbers, bound, bound, (members, lower, upper) => {
        const sorted = new SortedMap<number>();
        for (const number of members) sorted.set(padded(number), number);
        const expected = members
          .map(padded)
          .filter((key) => key > lower.key || (key === lower.key && lower.inclusive))
          .filter((key) => key < upper.key || (key === upper.key && upper.inclusive))
          .sort();
        const range = { lower, upper };
        expect([...sorted.ascending(range)].map(([key]) => key)).toEqual(expected);
        expect([...sorted.descending(range)].map(([key]) => key)).toEqual(expected.reverse());
      }),
      { numRuns: 100 },
    );
  });
});

describe('sortable text', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 6 });

  it('orders as the UTF-8 bytes do', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const expected = Buffer.compare(Buffer.from(one), Buffer.from(other));
        const [left, right] = [sortableText(one), sortableText(other)];
        expect(left === right ? 0 : left < right ? -1 : 1).toBe(expected);
      }),
    );
    expect(sortableText('\u{1F600}') > sortableText('\uFFFD')).toBe(true);
    expect('\u{1F600}' > '\uFFFD').toBe(false);
  });

  it('ends a prefix right above its last continuation', () => {
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        const end = afterPrefix(sortableText(prefix));
        if (end === undefined) return;
        expect(sortableText(prefix + other) < end).toBe(true);
        const between = sortableText(other) >= sortableText(prefix) && sortableText(other) < end;
        expect(between).toBe(other.startsWith(prefix));
      }),
    );
    expect(afterPrefix('')).toBeUndefined();
  });
});
