// Lets operations go on by themselves, some steps at a time, so that requests are answered in between.

/** Most deployments are over within it: whoever asks right after the request finds them done. */
const SLICE_MS = 250;

export interface Runner {
  /** Carries on with what is under way with a stack, from the next turn on. */
  start(stackId: string): void;
  stop(): void;
}

/**
 * @param advance does one step; false when there is none
 * @param stepDelayMs a wait before each step, to watch deployments or to interrupt them
 */
export function createRunner(options: {
  readonly advance: (stackId: string) => boolean;
  readonly stepDelayMs: number;
}): Runner {
  const { advance, stepDelayMs } = options;
  const timers = new Map<string, NodeJS.Timeout>();
  const schedule = (stackId: string) => {
    clearTimeout(timers.get(stackId));
    timers.set(
      stackId,
      setTimeout(() => run(stackId), stepDelayMs),
    );
  };
  const run = (stackId: string) => {
    timers.delete(stackId);
    const endMs = performance.now() + (stepDelayMs > 0 ? 0 : SLICE_MS);
    do {
      if (!advance(stackId)) return;
    } while (performance.now() < endMs);
    schedule(stackId);
  };
  return {
    start: schedule,
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
