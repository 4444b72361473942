import { describe, expect, it } from 'vitest';
import { dynamodb, kinesis, last, pipeline, s3 } from '../../../lib/index.ts';
import { Arrivals, isOrdered } from '../../../lib/testing/arrivals.ts';
import type { PreparedEvent } from '../../../lib/testing/events.ts';

const PACE = { gapMs: 10, batchSize: 10 };
const DELAY_MS = 10_000;
const START_MS = Date.UTC(2026, 5, 1);

interface Click {
  readonly at: number;
  readonly page: string;
}

const clicks = pipeline('clicks').from(kinesis<Click>('clicks').partitionedBy('page'));
const timed = clicks.withWatermark('at', '10 seconds').to(s3('clicks'), { mode: 'append' }).plan();
const untimed = clicks.to(s3('clicks'), { mode: 'append' }).plan();

const anEvent = (atMs: number, widthMs = 0): PreparedEvent => ({
  data: Uint8Array.of(1),
  partitionKey: 'any',
  atMs: null,
  times: { minMs: START_MS + atMs, maxMs: START_MS + atMs + widthMs },
});

const events = Array.from({ length: 40 }, (_, index) => anEvent(index * 1_500));

describe('arrivals of a seed', () => {
  it('leave no event behind by more than the delay, and are not the given order', () => {
    const wide = [...events, anEvent(20_000, 8_000), anEvent(30_000, 10_000)];
    const arrivals = new Arrivals(timed, wide, 'any');
    const orders = Array.from({ length: 200 }, (_, seed) => arrivals.ofSeed(seed, PACE));
    for (const order of orders) {
      let maxMs = Number.NEGATIVE_INFINITY;
      for (const { event } of order) {
        const { minMs, maxMs: newestMs } = wide[event]!.times!;
        expect(minMs).toBeGreaterThanOrEqual(maxMs - DELAY_MS);
        maxMs = Math.max(maxMs, newestMs);
      }
      expect([...order].map(({ event }) => event).sort((a, b) => a - b)).toEqual(
        wide.map((_, index) => index),
      );
    }
    expect(
      new Set(orders.map((order) => order.map(({ event }) => event).join())).size,
    ).toBeGreaterThan(50);
  });

  it.each<readonly [string, Arrivals]>([
    ['where the order is given', new Arrivals(timed, [...events].reverse(), 'given')],
    ['where nothing has a time', new Arrivals(untimed, events, 'any')],
  ])('stay as they stand %s', (_, arrivals) => {
    const order = arrivals.ofSeed(7, PACE).map(({ event }) => event);
    expect(order).toEqual(events.map((_, index) => index));
  });

  it('come one after the other, or when they are stated to', () => {
    const stated = [
      anEvent(0),
      { ...anEvent(0), atMs: START_MS + 70 },
      { ...anEvent(0), atMs: START_MS + 70 },
    ];
    const first = { ...anEvent(0), atMs: START_MS };
    const arrivals = new Arrivals(timed, [first, ...stated], 'any');
    expect(arrivals.startMs).toBe(START_MS);
    expect(arrivals.ofSeed(7, PACE).map(({ atMs }) => atMs)).toEqual([0, 10, 70, 71]);
  });

  it('begin when no event lies ahead, but for those with a wrong clock', () => {
    const newestMs = START_MS + 39 * 1_500;
    expect(new Arrivals(timed, events, 'any').startMs).toBe(newestMs);
    const wrong = anEvent(100 * 365 * 86_400_000);
    expect(new Arrivals(timed, [...events, wrong], 'any').startMs).toBe(newestMs);
  });

  it('tell that some are late only where their order is bound', () => {
    const late = [anEvent(60_000), anEvent(0)];
    expect(new Arrivals(timed, late, 'given').hasLate).toBe(true);
    expect(new Arrivals(timed, late, 'any').hasLate).toBe(false);
    expect(new Arrivals(timed, events, 'given').hasLate).toBe(false);
  });
});

it('first and last are defined by the order of arrival', () => {
  const ordered = clicks
    .keyBy('page')
    .aggregate({ at: last('at') })
    .to(dynamodb('clicks'), { mode: 'update' });
  expect(isOrdered(timed)).toBe(false);
  expect(isOrdered(ordered.plan())).toBe(true);
});
