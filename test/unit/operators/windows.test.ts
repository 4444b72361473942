import { describe, expect, test } from 'vitest';
import { GroupWatermarks } from '../../../lib/operators/group-watermarks.ts';
import { windowShapeOf, windowsEnding } from '../../../lib/operators/window-shape.ts';

describe('windows over row keys', () => {
  const hourly = { sizeMs: 60, slideMs: 60 };
  const overlapping = { sizeMs: 60, slideMs: 20 };
  const uneven = { sizeMs: 50, slideMs: 20 };

  test('are panes only where they overlap and rows may be merged', () => {
    expect(windowShapeOf(hourly, true)).toMatchObject({ panes: false, stepMs: 60 });
    expect(windowShapeOf(overlapping, true)).toMatchObject({ panes: true, stepMs: 20 });
    expect(windowShapeOf(uneven, true)).toMatchObject({ panes: true, stepMs: 10 });
    expect(windowShapeOf(overlapping, false)).toMatchObject({ panes: false, stepMs: 60 });
  });

  test('end after the one bound and until the other', () => {
    const shape = windowShapeOf(overlapping, true);
    const ends = (afterMs: number, untilMs: number) =>
      windowsEnding([0, 20, -40], shape, { afterMs, untilMs }).map((start) => start + 60);
    expect(ends(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toEqual([
      -20, 0, 20, 40, 60, 80,
    ]);
    expect(ends(0, 60)).toEqual([20, 40, 60]);
    expect(ends(1, 59)).toEqual([20, 40]);
    expect(ends(20, 60)).toEqual([40, 60]);
    expect(ends(80, 1_000)).toEqual([]);
  });

  test('are not counted up one by one over the past', () => {
    const shape = windowShapeOf({ sizeMs: 86_400_000, slideMs: 60_000 }, true);
    const panes = Array.from({ length: 1_440 }, (_, index) => index * 60_000);
    const startedAt = performance.now();
    for (let batch = 0; batch < 100; batch += 1) {
      windowsEnding(panes, shape, { afterMs: 86_340_000, untilMs: 86_340_000 });
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('the watermark of a key group', () => {
  test('is the later of the log and of the floor of its range', () => {
    const watermarks = GroupWatermarks.of(100, [
      { firstKeyGroup: 0, lastKeyGroup: 9, watermarkMs: 50 },
      { firstKeyGroup: 10, lastKeyGroup: 19, watermarkMs: 200 },
      { firstKeyGroup: 20, lastKeyGroup: 255, watermarkMs: null },
    ]);
    expect([0, 9, 10, 19, 20, 255].map((group) => watermarks.of(group))).toEqual([
      100, 100, 200, 200, 100, 100,
    ]);
    expect([watermarks.leastMs, watermarks.greatestMs]).toEqual([100, 200]);
    expect(watermarks.rangesClosedAt(100)).toEqual([{ firstKeyGroup: 0, lastKeyGroup: 255 }]);
    expect(watermarks.rangesClosedAt(101)).toEqual([{ firstKeyGroup: 10, lastKeyGroup: 19 }]);
    expect(watermarks.rangesClosedAt(201)).toEqual([]);
  });

  test('of an operator that lags behind is never before where watermarks begin', () => {
    const floors = [{ firstKeyGroup: 0, lastKeyGroup: 9, watermarkMs: 5_000 }];
    const begun = GroupWatermarks.of(1_000, floors, 0).behind(3_000);
    expect([begun.of(0), begun.of(10), begun.leastMs]).toEqual([2_000, 0, 0]);
    expect(begun.allowing(500).of(10)).toBe(-500);
    const open = GroupWatermarks.of(1_000, floors).behind(3_000);
    expect([open.of(0), open.of(10)]).toEqual([2_000, -2_000]);
  });

  test('is before all times while there is none', () => {
    const none = GroupWatermarks.of(null, [
      { firstKeyGroup: 0, lastKeyGroup: 255, watermarkMs: null },
    ]);
    expect(none.rangesClosedAt(-1e15)).toEqual([]);
    expect(none.greatestMs).toBe(Number.NEGATIVE_INFINITY);
  });
});
