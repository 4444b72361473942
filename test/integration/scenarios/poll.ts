import { setTimeout as wait } from 'node:timers/promises';

const INTERVAL_MS = 300;

/**
 * Asks until the answer is the one that is waited for.
 *
 * @throws Error with what was said last when `withinMs` are over.
 */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isIt: (answer: Answer) => boolean,
  withinMs: number,
): Promise<Answer> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isIt(answer)) return answer;
    if (performance.now() > endMs) {
      const said = JSON.stringify(answer)?.slice(0, 2_000);
      throw new Error(`${what}: not within ${withinMs / 1_000} seconds, last was ${said}`);
    }
    await wait(INTERVAL_MS);
  }
}
