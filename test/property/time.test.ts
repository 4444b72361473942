import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../lib/time/duration.ts';
import {
  EVENT_TIME_MS_MAX,
  EVENT_TIME_MS_MIN,
  formatTime,
  parseEventTime,
} from '../../lib/time/event-time.ts';
import { advanceWatermark, isClosed } from '../../lib/time/watermark.ts';
import { assignWindows, lastWindowStart, paneMs } from '../../lib/time/window.ts';
import { cases } from './cases.ts';

const timeMs = fc.oneof(
  fc.integer({ min: EVENT_TIME_MS_MIN, max: EVENT_TIME_MS_MAX }),
  fc.integer({ min: -10_000, max: 10_000 }),
);
const lengths = fc
  .tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 50 }))
  .map(([slideMs, more]) => ({ slideMs, sizeMs: slideMs + (more % 7) * slideMs + (more % 5) }));

describe('laws of time', () => {
  test('the windows of a time are exactly the aligned intervals that hold it', () => {
    fc.assert(
      fc.property(timeMs, lengths, (at, window) => {
        const starts = assignWindows(at, window);
        const expected: number[] = [];
        // The naive way: every start near the time, with exact integers.
        const [time, slide, size] = [at, window.slideMs, window.sizeMs].map(BigInt) as [
          bigint,
          bigint,
          bigint,
        ];
        for (let start = time - size - slide; start <= time + slide; start += 1n) {
          if (start % slide === 0n && start <= time && time < start + size) {
            expected.push(Number(start));
          }
        }
        expect(starts).toEqual(expected);
      }),
      cases(),
    );
  });

  test('the last window of any time and any length holds the time', () => {
    fc.assert(
      fc.property(timeMs, fc.integer({ min: 1, max: 3_153_600_000_000 }), (at, sizeMs) => {
        const start = lastWindowStart(at, sizeMs);
        expect(start <= at && at < start + sizeMs).toBe(true);
        expect(BigInt(start) % BigInt(sizeMs)).toBe(0n);
      }),
      cases(),
    );
  });

  test('every bound of a window is a bound of panes', () => {
    fc.assert(
      fc.property(timeMs, lengths, (at, window) => {
        for (const start of assignWindows(at, window)) {
          expect(Math.abs(start % paneMs(window))).toBe(0);
          expect(window.sizeMs % paneMs(window)).toBe(0);
        }
      }),
      cases(),
    );
  });

  test('the watermark never decreases and a closed window never reopens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(timeMs)),
        fc.nat(1_000_000),
        timeMs,
        (batches, delayMs, endMs) => {
          let watermarkMs: number | null = null;
          let closed = false;
          for (const maxSeenMs of batches) {
            const next: number | null = advanceWatermark(watermarkMs, maxSeenMs, delayMs);
            expect(watermarkMs === null || next! >= watermarkMs).toBe(true);
            expect(closed && !isClosed(endMs, next)).toBe(false);
            closed = isClosed(endMs, next);
            watermarkMs = next;
          }
        },
      ),
      cases(),
    );
  });

  test('a time written in ISO 8601 is read back as itself', () => {
    fc.assert(
      fc.property(timeMs, (at) => parseEventTime(formatTime(at), 'iso') === at),
      cases(),
    );
  });

  test('any value gives a time of the years 1 to 9999 or a reason', () => {
    const fine = ['microseconds', 'nanoseconds'];
    const unit = fc.constantFrom('seconds', 'milliseconds', 'microseconds', 'nanoseconds', 'iso');
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.string(), fc.anything()), unit, (value, declared) => {
        const time = parseEventTime(value, declared as 'iso');
        if (typeof time === 'number') {
          expect(fine.includes(declared) || Number.isInteger(time)).toBe(true);
          expect(Object.is(time, -0)).toBe(false);
          expect(time >= EVENT_TIME_MS_MIN && time <= EVENT_TIME_MS_MAX).toBe(true);
        } else {
          expect(['event-time-missing', 'event-time-invalid']).toContain(time);
        }
      }),
      cases(10_000),
    );
  });

  test('a duration written in words is read back as itself', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3_153_600_000_000 }),
        (ms) => parseDuration(formatDuration(ms)) === ms,
      ),
      cases(),
    );
  });
});
