import { simulate } from 'rivulet/testing';
import { describe, expect, it } from 'vitest';
import { changedKey } from './changed-key.ts';
import { clockInOperator } from './clock-in-operator.ts';
import { clockInSink } from './clock-in-sink.ts';
import { incrementingSink } from './incrementing-sink.ts';
import { localTime } from './local-time.ts';
import { simulateDelays } from './many-seeds.ts';
import { moduleCounter } from './module-counter.ts';
import { moduleSeenSet } from './module-seen-set.ts';
import { mutableCache } from './mutable-cache.ts';
import { olderOverNewer } from './older-over-newer.ts';
import { orderedReduce } from './ordered-reduce.ts';
import { randomKeyInSink } from './random-key-in-sink.ts';
import { randomSample } from './random-sample.ts';
import { seenSetBeforeWatermark } from './seen-set-before-watermark.ts';
import { sharedZero } from './shared-zero.ts';
import { unawaitedWrite } from './unawaited-write.ts';
import { unheardRejection } from './unheard-rejection.ts';
import { sales, type UserMistake } from './user-mistake.ts';

const MISTAKES: Readonly<Record<string, UserMistake>> = {
  'the clock in an operator': clockInOperator,
  'a random sample': randomSample,
  'a counter of a module': moduleCounter,
  'a set of a module that knows what was seen': moduleSeenSet,
  'a set of a module in front of a watermark': seenSetBeforeWatermark,
  'the clock in a sink': clockInSink,
  'a sink that increments': incrementingSink,
  'a write that nobody awaits': unawaitedWrite,
  'an error that nobody awaits': unheardRejection,
  'a reduce that takes what came last': orderedReduce,
  'a zero that all keys share': sharedZero,
  'the hour by the time zone of the machine': localTime,
  'a cache that depends on what came before': mutableCache,
  'an upsert that older batches overwrite': olderOverNewer,
  'a random key in a sink': randomKeyInSink,
  'a key that a map has changed': changedKey,
};

/** Within so many seeds each mistake has to show. */
const SEEDS_MAX = 50;
const FOUND_WITHIN_MS = 60_000;

describe('a mistake in a pipeline is found, and told in words', () => {
  it.each(Object.entries(MISTAKES))('%s', { timeout: FOUND_WITHIN_MS }, async (name, mistake) => {
    const startMs = performance.now();
    const report = await simulate(mistake.mistaken, { events: sales, seeds: SEEDS_MAX });
    const tookMs = Math.round(performance.now() - startMs);
    expect(report.failure?.cause).toBe(mistake.cause);
    expect(report.failure?.words).toMatch(mistake.says);
    expect(() => report.assertPassed()).toThrow(mistake.says);
    console.log(`${name}: found in run ${report.runCount}, ${tookMs} ms`);
  });
});

describe('the same pipeline without the mistake passes', () => {
  it.each(Object.entries(MISTAKES))('%s', async (_, { right }) => {
    const report = await simulate(right, { events: sales, seeds: 4 });
    report.assertPassed();
    expect(report.notes).toEqual([]);
    expect(Object.keys(report.outputs).includes('dead-letters')).toBe(false);
  });
});

it('the example that is deployed passes under hundreds of seeds', {
  timeout: 120_000,
}, async () => {
  const report = await simulateDelays(300);
  report.assertPassed();
  expect(report.runCount).toBe(300);
  expect(report.outputs['dynamodb-delays']).toHaveLength(6);
});
