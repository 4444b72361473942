// All sandboxes of the cloud. Warm ones are taken first, the most recently used before the others, as
// Lambda tends to; a whole machine's worth is never exceeded, work beyond it waits its turn.

import {
  type Invocation,
  type Outcome,
  type RunnableFunction,
  type Sandbox,
  startSandbox,
} from './sandbox.ts';

/** A sandbox that nobody needed for this long is dropped. */
const IDLE_MS = 5 * 60_000;
/** Each takes about 60 MB; more shards than this at once wait for one another. */
const SANDBOXES_MAX = 32;

/** What a person watching sees of a sandbox. */
export interface SandboxStatus {
  readonly pid: number;
  readonly functionName: string;
  readonly version: string;
  readonly busy: boolean;
  /** Where it sends its requests. */
  readonly endpoint: string;
}

export interface SandboxPool {
  /** `onStart` learns which process runs the invocation. */
  invoke(
    runnable: RunnableFunction,
    invocation: Invocation,
    onStart?: (pid: number) => void,
  ): Promise<Outcome>;
  list(): readonly SandboxStatus[];
  /** Ends the sandboxes of a function, or of one version of it: at once, or when they have answered. */
  retire(functionName: string, version: string | undefined): void;
  /** SIGKILL; false when there is no such sandbox. */
  kill(pid: number): boolean;
  /** Kills all and waits for their end. */
  stop(): Promise<void>;
}

interface Entry {
  readonly runnable: RunnableFunction;
  readonly sandbox: Sandbox;
  readonly endpoint: string;
  /** Taken, from before its code is loaded until its answer. */
  taken: boolean;
  /** Its function is gone: the answer under way is its last. */
  retired: boolean;
  usedAtMs: number;
}

/**
 * @param endpoint where the next sandbox sends its requests
 * @param onOutput what functions print, as it comes
 */
export function createSandboxPool(options: {
  readonly endpoint: () => string;
  readonly region: string;
  readonly onOutput: (functionName: string, text: string) => void;
}): SandboxPool {
  const entries = new Set<Entry>();
  const waiting: (() => void)[] = [];
  let stopped = false;
  let onEmpty: (() => void) | undefined;

  const sweep = setInterval(() => {
    for (const entry of entries) {
      if (!entry.taken && Date.now() - entry.usedAtMs > IDLE_MS) entry.sandbox.kill();
    }
  }, IDLE_MS / 10);
  sweep.unref();

  const start = (runnable: RunnableFunction): Entry => {
    const endpoint = options.endpoint();
    const sandbox = startSandbox({
      runnable,
      endpoint,
      region: options.region,
      onOutput: (text) => options.onOutput(runnable.functionName, text),
      onExit: () => {
        entries.delete(entry);
        waiting.shift()?.();
        if (entries.size === 0) onEmpty?.();
      },
    });
    const entry: Entry = {
      runnable,
      sandbox,
      endpoint,
      taken: true,
      retired: false,
      usedAtMs: Date.now(),
    };
    entries.add(entry);
    return entry;
  };

  const take = async (runnable: RunnableFunction): Promise<Entry | null> => {
    for (;;) {
      if (stopped) return null;
      const warm = mostRecent(entries, (entry) => isFree(entry) && entry.runnable === runnable);
      if (warm !== undefined) {
        warm.taken = true;
        return warm;
      }
      if (entries.size < SANDBOXES_MAX) return start(runnable);
      leastRecent(entries, isFree)?.sandbox.kill();
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };

  return {
    async invoke(runnable, invocation, onStart) {
      const entry = await take(runnable);
      if (entry === null) {
        return { kind: 'failed', errorType: 'Stopped', errorMessage: 'the cloud stops', trace: [] };
      }
      onStart?.(entry.sandbox.pid);
      const outcome = await entry.sandbox.invoke(invocation);
      entry.taken = false;
      entry.usedAtMs = Date.now();
      if (entry.retired) entry.sandbox.kill();
      waiting.shift()?.();
      return outcome;
    },
    list: () =>
      [...entries].map(({ runnable, sandbox, endpoint, taken }) => ({
        pid: sandbox.pid,
        functionName: runnable.functionName,
        version: runnable.version,
        busy: taken,
        endpoint,
      })),
    retire(functionName, version) {
      for (const entry of entries) {
        const { runnable } = entry;
        if (runnable.functionName !== functionName) continue;
        if (version !== undefined && runnable.version !== version) continue;
        entry.retired = true;
        if (!entry.taken) entry.sandbox.kill();
      }
    },
    kill(pid) {
      const entry = [...entries].find(({ sandbox }) => sandbox.pid === pid);
      entry?.sandbox.kill();
      return entry !== undefined;
    },
    async stop() {
      stopped = true;
      clearInterval(sweep);
      for (const resume of waiting.splice(0)) resume();
      if (entries.size === 0) return;
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      for (const { sandbox } of entries) sandbox.kill();
      await empty;
    },
  };
}

function isFree(entry: Entry): boolean {
  return !entry.taken && !entry.retired && entry.sandbox.alive;
}

function mostRecent(entries: Iterable<Entry>, suits: (entry: Entry) => boolean): Entry | undefined {
  let best: Entry | undefined;
  for (const entry of entries) {
    if (suits(entry) && (best === undefined || entry.usedAtMs >= best.usedAtMs)) best = entry;
  }
  return best;
}

function leastRecent(
  entries: Iterable<Entry>,
  suits: (entry: Entry) => boolean,
): Entry | undefined {
  let best: Entry | undefined;
  for (const entry of entries) {
    if (suits(entry) && (best === undefined || entry.usedAtMs < best.usedAtMs)) best = entry;
  }
  return best;
}
