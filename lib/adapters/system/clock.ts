import type { Clock } from '../../ports/clock.ts';

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  abortAt: (deadlineMs) => AbortSignal.timeout(Math.max(0, deadlineMs - Date.now())),
};
