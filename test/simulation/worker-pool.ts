// Two processes, or as many as there are processors, that work off the parts of a campaign.

import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Part, PartResult } from './run-part.ts';

type WorkerMessage =
  | { readonly id: number; readonly kind: 'run' }
  | { readonly id: number; readonly kind: 'result'; readonly result: PartResult }
  | { readonly id: number; readonly kind: 'error'; readonly text: string };

/** Runs the parts on workers of this bundle; results come in the order of the parts. */
export async function runParts(
  bundlePath: string,
  parts: readonly Part[],
  onRun: () => void,
): Promise<readonly PartResult[]> {
  const results = new Array<PartResult>(parts.length);
  let next = 0;
  const workOff = async (worker: Worker) => {
    while (next < parts.length) {
      const id = next;
      next += 1;
      results[id] = await worker.run(id, parts[id]!, onRun);
    }
  };
  const count = Math.min(parts.length, Math.max(2, availableParallelism()));
  const workers = Array.from({ length: count }, () => new Worker(bundlePath));
  try {
    await Promise.all(workers.map(workOff));
  } finally {
    for (const worker of workers) worker.end();
  }
  return results;
}

class Worker {
  private readonly child: ChildProcess;

  constructor(bundlePath: string) {
    this.child = fork(bundlePath, { execArgv: ['--enable-source-maps'] });
    this.child.setMaxListeners(0);
  }

  run(id: number, part: Part, onRun: () => void): Promise<PartResult> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        this.child.off('message', onMessage);
        this.child.off('exit', onExit);
      };
      const onExit = (code: number | null) => {
        finish();
        reject(new Error(`a worker of the simulation ended with ${code ?? 'a signal'}`));
      };
      const onMessage = (message: unknown) => {
        const answer = message as WorkerMessage;
        if (answer.id !== id) return;
        if (answer.kind === 'run') {
          onRun();
          return;
        }
        finish();
        if (answer.kind === 'result') resolve(answer.result);
        else reject(new Error(answer.text));
      };
      this.child.on('message', onMessage);
      this.child.on('exit', onExit);
      this.child.send({ id, part });
    });
  }

  end(): void {
    this.child.kill();
  }
}
