import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { count, kinesis, pipeline, s3, sliding, tumbling } from '../../lib/index.ts';
import type { WatermarkFloor } from '../../lib/model/commit.ts';
import { hashOfKey, keyGroupOf } from '../../lib/model/hash-range.ts';
import { GroupWatermarks } from '../../lib/operators/group-watermarks.ts';
import { ARRIVAL_MS, PassDrive } from '../support/passes.ts';
import { cases } from './cases.ts';

const T0 = ARRIVAL_MS - (ARRIVAL_MS % 600_000);
const KEY_GROUPS = 256;
const DELAY_MS = 5_000;

const watermark = fc.option(fc.integer({ min: T0 - 60_000, max: T0 + 60_000 }), { nil: null });

/** Floors as a log that was opened by a reshard has them: ranges that tile the key groups. */
const floors = fc
  .uniqueArray(fc.integer({ min: 1, max: KEY_GROUPS - 1 }), { maxLength: 4 })
  .chain((cuts) => {
    const starts = [0, ...cuts.sort((left, right) => left - right)];
    return fc.tuple(
      ...starts.map((firstKeyGroup, index) =>
        fc.record({
          firstKeyGroup: fc.constant(firstKeyGroup),
          lastKeyGroup: fc.constant((starts[index + 1] ?? KEY_GROUPS) - 1),
          watermarkMs: watermark,
        }),
      ),
    );
  });

/** The watermark of one key group, in the plainest way. */
function naiveWatermark(
  group: number,
  logMs: number | null,
  all: readonly WatermarkFloor[],
): number {
  const holding = all.filter((each) => each.firstKeyGroup <= group && group <= each.lastKeyGroup);
  return Math.max(
    ...[logMs, ...holding.map((each) => each.watermarkMs)].map((ms) => ms ?? -Infinity),
  );
}

describe('watermarks of key groups', () => {
  test('are the later one of the log and the floor, for each key group', () => {
    fc.assert(
      fc.property(watermark, floors, (logMs, all) => {
        const watermarks = GroupWatermarks.of(logMs, all);
        const naive = Array.from({ length: KEY_GROUPS }, (_, group) =>
          naiveWatermark(group, logMs, all),
        );
        expect(naive.map((_, group) => watermarks.of(group))).toEqual(naive);
        expect(watermarks.leastMs).toBe(Math.min(...naive));
        expect(watermarks.greatestMs).toBe(Math.max(...naive));
      }),
      cases(),
    );
  });

  test('close exactly the key groups that have reached an end, in ranges that do not touch', () => {
    const end = fc.integer({ min: T0 - 60_000, max: T0 + 60_000 });
    fc.assert(
      fc.property(watermark, floors, end, (logMs, all, endMs) => {
        const ranges = GroupWatermarks.of(logMs, all).rangesClosedAt(endMs);
        const closed = new Set<number>();
        let previous = -2;
        for (const { firstKeyGroup, lastKeyGroup } of ranges) {
          expect(firstKeyGroup).toBeGreaterThan(previous + 1);
          for (let group = firstKeyGroup; group <= lastKeyGroup; group += 1) closed.add(group);
          previous = lastKeyGroup;
        }
        for (let group = 0; group < KEY_GROUPS; group += 1) {
          if (closed.has(group) !== endMs <= naiveWatermark(group, logMs, all)) {
            expect.fail(`key group ${group} of ${endMs}`);
          }
        }
      }),
      cases(),
    );
  });
});

interface Event {
  readonly at: number;
  readonly key: string;
}

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'é', '', '0', '__proto__'];
const groupOf = (key: string) => keyGroupOf(hashOfKey(key));
const events = fc.array(
  fc.record({
    at: fc.integer({ min: T0 - 60_000, max: T0 + 60_000 }),
    key: fc.constantFrom(...KEYS),
  }),
  { minLength: 1, maxLength: 8 },
);

/** One pass after the other with a watermark for each key, windows in a plain map. */
class Naive {
  private readonly open = new Map<string, number>();
  private logMs: number | null;
  private readonly all: readonly WatermarkFloor[];
  private readonly window: { readonly sizeMs: number; readonly slideMs: number };

  constructor(logMs: number | null, all: readonly WatermarkFloor[], window: Naive['window']) {
    this.logMs = logMs;
    this.all = all;
    this.window = window;
  }

  push(batch: readonly Event[]) {
    const { sizeMs, slideMs } = this.window;
    const reached = (key: string) => naiveWatermark(groupOf(key), this.logMs, this.all);
    let late = 0;
    for (const { at, key } of batch) {
      let isLate = true;
      for (let start = Math.floor(at / slideMs) * slideMs; start > at - sizeMs; start -= slideMs) {
        if (start + sizeMs <= reached(key)) continue;
        isLate = false;
        const name = `${start} ${key}`;
        this.open.set(name, (this.open.get(name) ?? 0) + 1);
      }
      if (isLate) late += 1;
    }
    const seen = Math.max(...batch.map(({ at }) => at)) - DELAY_MS;
    this.logMs = Math.max(this.logMs ?? seen, seen);
    const closed: string[] = [];
    for (const [name, n] of [...this.open]) {
      const [start, key] = [
        Number(name.slice(0, name.indexOf(' '))),
        name.slice(name.indexOf(' ') + 1),
      ];
      if (start + sizeMs > reached(key)) continue;
      closed.push(`${name} ${n}`);
      this.open.delete(name);
    }
    return { late, closed: closed.sort(), logMs: this.logMs };
  }
}

const WINDOWS = {
  tumbling: { sizeMs: 10_000, slideMs: 10_000 },
  sliding: { sizeMs: 20_000, slideMs: 5_000 },
  uneven: { sizeMs: 20_000, slideMs: 15_000 },
} as const;

describe.each(Object.entries(WINDOWS))('%s windows over floors that differ', (_, window) => {
  const shape =
    window.sizeMs === window.slideMs
      ? tumbling(`${window.sizeMs} milliseconds`)
      : sliding(`${window.sizeMs} milliseconds`, `${window.slideMs} milliseconds`);
  const plan = pipeline('p')
    .from(kinesis<Event>('events').partitionedBy('key'))
    .withWatermark('at', `${DELAY_MS} milliseconds`)
    .keyBy('key')
    .window(shape)
    .aggregate({ n: count() })
    .onLate(s3('late', { partitionBy: 'none' }))
    .to(s3('rows', { partitionBy: 'none' }), { mode: 'append' })
    .plan();

  test('are late, closed and given out once by the watermark of their own key group', () => {
    fc.assert(
      fc.property(
        watermark,
        floors,
        fc.array(events, { minLength: 1, maxLength: 4 }),
        (logMs, all, batches) => {
          const drive = new PassDrive(plan);
          drive.watermarkMs = logMs;
          drive.floors = all;
          const naive = new Naive(logMs, all, window);
          for (const batch of batches) {
            const answer = drive.push(batch);
            const expected = naive.push(batch);
            const closed = Object.values(answer.rows)
              .flat()
              .map((row) => `${Date.parse(String(row['windowStart']))} ${row['key']} ${row['n']}`);
            expect(closed.sort()).toEqual(expected.closed);
            expect(answer.result.counts.late).toBe(expected.late);
            expect(answer.late.length).toBe(expected.late);
            expect(answer.result.watermarkMs).toBe(expected.logMs);
          }
        },
      ),
      cases(),
    );
  });
});
