import { describe, expect, test } from 'vitest';
import { type Duration, foreachBatch, kinesis, pipeline } from '../../../lib/index.ts';
import { drive } from '../../../lib/testing/index.ts';

interface Event {
  readonly at: number;
}

function twoSources(options: {
  readonly watermarkPolicy?: 'min' | 'max';
  readonly idleTimeout?: Duration;
}) {
  const { idleTimeout, ...plan } = options;
  const start = pipeline('two', { inOneTask: true, ...plan });
  const idle = idleTimeout === undefined ? {} : { idleTimeout };
  const left = start.from(kinesis<Event>('left')).withWatermark('at', '1 second', idle);
  const right = start.from(kinesis<Event>('right')).withWatermark('at', '0 seconds', idle);
  return drive(
    left.union(right).to(
      foreachBatch<Event>('all', () => {}),
      { mode: 'append' },
    ),
    {
      startMs: 1_000_000,
    },
  );
}

describe('the watermark of several sources', () => {
  test('is the least of theirs, and stands still until each has data', async () => {
    const run = twoSources({});
    await run.push({ left: [{ at: 10_000 }] });
    expect(run.watermark()).toBeNull();
    await run.push({ right: [{ at: 3_000 }] });
    expect(run.watermark()).toBe(3_000);
    await run.push({ right: [{ at: 20_000 }] });
    expect(run.watermark()).toBe(9_000);
  });

  test('is the greatest by choice', async () => {
    const run = twoSources({ watermarkPolicy: 'max' });
    await run.push({ left: [{ at: 10_000 }] });
    expect(run.watermark()).toBe(9_000);
  });

  test('is the same after a cold start', async () => {
    const run = twoSources({});
    await run.push({ left: [{ at: 10_000 }], right: [{ at: 30_000 }] });
    run.restart();
    await run.push({ left: [{ at: 15_000 }] });
    expect(run.watermark()).toBe(14_000);
  });

  test('is not held back by one that had no row for the idle timeout', async () => {
    const run = twoSources({ idleTimeout: '1 minute' });
    await run.push({ left: [{ at: 10_000 }], right: [{ at: 5_000 }] });
    await run.advanceTime('59 seconds');
    await run.push({ left: [{ at: 20_000 }] });
    expect(run.watermark()).toBe(5_000);
    await run.advanceTime('1 second');
    await run.push({ left: [{ at: 30_000 }] });
    expect(run.watermark()).toBe(29_000);
    await run.push({ right: [{ at: 6_000 }] });
    expect(run.watermark()).toBe(29_000);
  });

  test('is not held back for ever by one that never had a row', async () => {
    const run = twoSources({ idleTimeout: '1 minute' });
    await run.push({ left: [{ at: 10_000 }] });
    expect(run.watermark()).toBeNull();
    run.restart();
    await run.advanceTime('1 minute');
    await run.push({ left: [{ at: 11_000 }] });
    expect(run.watermark()).toBe(10_000);
  });
});
