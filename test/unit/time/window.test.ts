import { describe, expect, test } from 'vitest';
import { assignWindows, lastWindowStart, paneMs } from '../../../lib/time/window.ts';

describe('window', () => {
  test('a tumbling window holds its start and not its end', () => {
    expect(lastWindowStart(3_600_000, 3_600_000)).toBe(3_600_000);
    expect(lastWindowStart(3_599_999, 3_600_000)).toBe(0);
  });

  test('tumbling windows before 1970 are floored, not truncated', () => {
    expect(lastWindowStart(-1, 1_000)).toBe(-1_000);
    expect(lastWindowStart(-1_000, 1_000)).toBe(-1_000);
    expect(lastWindowStart(-1_001, 1_000)).toBe(-2_000);
  });

  test('sliding windows are all those that hold the time', () => {
    expect(assignWindows(12, { sizeMs: 10, slideMs: 5 })).toEqual([5, 10]);
    expect(assignWindows(10, { sizeMs: 10, slideMs: 5 })).toEqual([5, 10]);
    expect(assignWindows(9, { sizeMs: 10, slideMs: 5 })).toEqual([0, 5]);
    expect(assignWindows(-1, { sizeMs: 10, slideMs: 5 })).toEqual([-10, -5]);
  });

  test('a size that is no multiple of the slide gives a varying count of windows', () => {
    expect(assignWindows(6, { sizeMs: 10, slideMs: 3 })).toEqual([-3, 0, 3, 6]);
    expect(assignWindows(7, { sizeMs: 10, slideMs: 3 })).toEqual([0, 3, 6]);
  });

  test('panes are the greatest length that divides size and slide', () => {
    expect(paneMs({ sizeMs: 10_000, slideMs: 2_000 })).toBe(2_000);
    expect(paneMs({ sizeMs: 10, slideMs: 3 })).toBe(1);
    expect(paneMs({ sizeMs: 3_600_000, slideMs: 3_600_000 })).toBe(3_600_000);
  });
});
