// The processes that work off the parts of campaigns.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Part, PartResult } from './run-part.ts';

export interface WorkerRequest {
  readonly id: number;
  readonly bundlePath: string;
  readonly part: Part;
}

export type WorkerAnswer =
  | { readonly id: number; readonly kind: 'run' }
  | { readonly id: number; readonly kind: 'result'; readonly result: PartResult }
  | { readonly id: number; readonly kind: 'error'; readonly text: string };

const NO_PROGRESS = () => undefined;

export class WorkerPool {
  private readonly workers: readonly Worker[];
  private readonly idle: Worker[];
  /** Whoever waits for a worker, in the order in which they asked. */
  private readonly waiting: ((worker: Worker) => void)[] = [];
  private requestCount = 0;

  constructor(workerCount: number) {
    this.workers = Array.from({ length: workerCount }, () => new Worker());
    this.idle = [...this.workers];
  }

  /** Runs the parts with the engine of a bundle; results come in the order of the parts. */
  async run(
    bundlePath: string,
    parts: readonly Part[],
    onRun: () => void = NO_PROGRESS,
  ): Promise<readonly PartResult[]> {
    const results = await Promise.all(
      parts.map((part) => this.runTogether(bundlePath, [part], onRun)),
    );
    return results.flat();
  }

  /** The same in one worker, so that only one has to load a bundle that is not used again. */
  async runTogether(
    bundlePath: string,
    parts: readonly Part[],
    onRun: () => void = NO_PROGRESS,
  ): Promise<readonly PartResult[]> {
    const worker = await this.take();
    const results: PartResult[] = [];
    try {
      for (const part of parts) {
        this.requestCount += 1;
        results.push(await worker.run({ id: this.requestCount, bundlePath, part }, onRun));
      }
    } finally {
      this.giveBack(worker);
    }
    return results;
  }

  end(): void {
    for (const worker of this.workers) worker.end();
  }

  private async take(): Promise<Worker> {
    return this.idle.pop() ?? new Promise((resolve) => this.waiting.push(resolve));
  }

  private giveBack(worker: Worker): void {
    const next = this.waiting.shift();
    if (next === undefined) this.idle.push(worker);
    else next(worker);
  }
}

class Worker {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(join(import.meta.dirname, 'worker.ts'), {
      execArgv: ['--enable-source-maps', '--import', 'tsx'],
    });
  }

  run(request: WorkerRequest, onRun: () => void): Promise<PartResult> {
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
        const answer = message as WorkerAnswer;
        if (answer.id !== request.id) return;
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
      this.child.send(request);
    });
  }

  end(): void {
    this.child.kill();
  }
}
