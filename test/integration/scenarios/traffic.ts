import { setTimeout as wait } from 'node:timers/promises';

const PAUSE_MS = 250;

/**
 * Puts one part after the other, a quarter of a second apart, for as long as `meanwhile` takes and for
 * at least one part before it begins and after it has ended.
 */
export async function pushWhile<Result>(
  push: (part: number) => Promise<void>,
  meanwhile: () => Promise<Result>,
): Promise<Result> {
  await push(0);
  const work = { isOver: false };
  const result = meanwhile().finally(() => {
    work.isOver = true;
  });
  // It may fail while a part is being put: that is told when it is awaited.
  result.catch(() => undefined);
  let part = 1;
  for (; !work.isOver; part += 1) {
    await push(part);
    await wait(PAUSE_MS);
  }
  await push(part);
  return result;
}
