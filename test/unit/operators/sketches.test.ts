import { describe, expect, test } from 'vitest';
import { estimate, precisionOf, union, withValue } from '../../../lib/operators/distinct-sketch.ts';
import { murmurHash } from '../../../lib/operators/murmur-hash.ts';

describe('the hash', () => {
  test.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['\u6161\u6161', 0x9747b28c, 0x5a97808a],
    ['\u6161', 0x9747b28c, 0x5d211726],
    ['\u4321\u8765', 0, 0xf55b516b],
    ['\u4321', 0, 0xa0f7b07a],
  ])('of %j with seed %i is that of MurmurHash3', (text, seed, expected) => {
    expect(murmurHash(text, seed) >>> 0).toBe(expected);
  });
});

describe('a distinct count', () => {
  const sketchOf = (values: Iterable<string | number | boolean>, precision: number) => {
    let sketch = '';
    for (const value of values) sketch = withValue(sketch, precision, value);
    return sketch;
  };
  const range = (start: number, count: number) =>
    Array.from({ length: count }, (_, i) => start + i);

  test('has the precision of Spark for an error', () => {
    expect([0.39, 0.1, 0.05, 0.02, 0.01].map(precisionOf)).toEqual([4, 7, 9, 12, 14]);
  });

  test('is a text that stays what it was', () => {
    expect(sketchOf(['a', 1, '1', true, 'true', ''], 9)).toMatchInlineSnapshot(
      `"--g1-172-1v2-3s1-660-6z3"`,
    );
    expect(sketchOf(range(0, 30), 4)).toMatchInlineSnapshot(`"1--01000-2100450"`);
  });

  test('has 64 bits of hash: where the first 32 end in zeros, the others go on', () => {
    // The first 32 bits of this number's hash are zeros behind the index of 14 bits.
    expect(sketchOf([42_758], 14)).toMatchInlineSnapshot(`"00FM"`);
  });

  test('is exact for a few values, which differ by type', () => {
    expect(estimate('', 9)).toBe(0);
    expect(estimate(sketchOf(['1', 1, '1', 1, true, 'true', 0, -0], 9), 9)).toBe(5);
  });

  test.each([
    [9, 0.05],
    [12, 0.02],
    [6, 0.14],
  ])('of precision %i errs by %d in the mean square, whatever the count', (precision, limit) => {
    const trials = 40;
    for (const count of [20, 200, 1_000, 5_000]) {
      let [squares, sum] = [0, 0];
      for (let trial = 0; trial < trials; trial += 1) {
        const values = range(trial * 1_000_003, count).map((value) => `device-${value}`);
        const error = estimate(sketchOf(values, precision), precision) / count - 1;
        squares += error ** 2;
        sum += error;
      }
      expect(Math.sqrt(squares / trials)).toBeLessThan(limit * 1.2);
      // Three deviations of a mean of so many trials.
      expect(Math.abs(sum / trials)).toBeLessThan((3 * limit) / Math.sqrt(trials));
    }
  });

  test('of a million merged values stays within three deviations', () => {
    const parts = range(0, 10).map((part) => sketchOf(range(part * 90_000, 100_000), 9));
    const merged = parts.reduce((left, right) => union(left, right, 9));
    expect(merged).toHaveLength(512);
    expect(Math.abs(estimate(merged, 9) / 910_000 - 1)).toBeLessThan(0.15);
  });
});
