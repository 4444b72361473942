import { describe, expect, test } from 'vitest';
import { advanceWatermark, isClosed, isLate } from '../../../lib/time/watermark.ts';

describe('watermark', () => {
  test('it is the greatest event time less the delay', () => {
    expect(advanceWatermark(null, 25, 10)).toBe(15);
    expect(advanceWatermark(5, 25, 10)).toBe(15);
  });

  test('it never moves backwards', () => {
    expect(advanceWatermark(15, 20, 10)).toBe(15);
  });

  test('a batch without event times leaves it where it is', () => {
    expect(advanceWatermark(15, null, 10)).toBe(15);
    expect(advanceWatermark(null, null, 10)).toBeNull();
  });

  test('it may lie before 1970, and zero is a watermark like any other', () => {
    expect(advanceWatermark(null, 0, 600_000)).toBe(-600_000);
    expect(advanceWatermark(-5, 10, 10)).toBe(0);
    expect(isClosed(0, 0)).toBe(true);
  });

  test('a window is closed once the watermark reaches its end', () => {
    expect(isClosed(15, 14)).toBe(false);
    expect(isClosed(15, 15)).toBe(true);
    expect(isLate(15, 16)).toBe(true);
  });

  test('nothing is closed or late before the first watermark', () => {
    expect(isClosed(Number.MIN_SAFE_INTEGER, null)).toBe(false);
    expect(isLate(Number.MIN_SAFE_INTEGER, null)).toBe(false);
  });
});
