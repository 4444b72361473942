import { expect, test } from 'vitest';
import { keepAwake } from '../../../lib/adapters/system/awake.ts';

/** Timers that keep the process from ending. */
const timerCount = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

test('the process waits for work that has nothing under way, and no longer', async () => {
  const before = timerCount();
  let finish: (value: string) => void = () => {};
  const work = keepAwake(new Promise<string>((resolve) => (finish = resolve)));
  expect(timerCount()).toBe(before + 1);
  finish('done');
  expect(await work).toBe('done');
  expect(timerCount()).toBe(before);
});

test('work that fails lets the process end, too', async () => {
  const before = timerCount();
  await expect(keepAwake(Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(timerCount()).toBe(before);
});
