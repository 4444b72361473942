// One program of a run: started in a folder of its own, watched until it answers, killed with everything
// it started.

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exposedListeners, isListening } from './loopback.ts';
import { killTree, treeOf } from './process-tree.ts';
import { removeRunFolder } from './run-folder.ts';

export interface ProgramOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Ends what the program started outside of its own processes, before these are killed. */
  readonly leave?: () => Promise<void>;
}

/** Whether the program answers; given up by the signal. */
export type Ask = (signal: AbortSignal) => Promise<boolean>;

export interface RunningProgram {
  readonly log: string;
  /** Resolves with how it ended, when it was not stopped. */
  readonly died: Promise<string>;
  /** Resolves once `ask` says yes; rejects when the program dies before or takes too long. */
  untilAnswers(ask: Ask, signal?: AbortSignal): Promise<void>;
  /** Whether it or what it started listens on the port. */
  listensOn(port: number): boolean;
  /** Throws when it or what it started listens where others can reach it. */
  assertLoopbackOnly(): void;
  stop(): Promise<void>;
}

/** The slowest start on a busy machine. */
const READY_MS = 180_000;
const POLL_MS = 100;
const SHOWN_LINES = 20;

/** Starts it in the folder of a run, which is removed when it is stopped. */
export function startProgram(folder: string, options: ProgramOptions): RunningProgram {
  const { name, environment } = options;
  const log = join(folder, 'log.txt');
  const output = openSync(log, 'a');
  const child = spawn(options.command, [...options.args], {
    cwd: folder,
    // Ctrl-C in the terminal ends the command, which then ends this.
    detached: true,
    env: environment,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const dead = new AbortController();
  let stopping: Promise<void> | undefined;
  const died = new Promise<string>((resolve) => {
    const die = (how: string) => {
      if (stopping !== undefined) return;
      const death = `${name} ended by itself (${how}); the end of its log:\n${lastLines(log)}`;
      dead.abort(new Error(death));
      resolve(death);
    };
    child.once('error', (error) => die(error.message));
    child.once('exit', (code, signal) => die(signal ?? `exit code ${code}`));
  });
  const end = async () => {
    try {
      await options.leave?.();
    } finally {
      // Everything it stores is thrown away, so there is nothing that it should end in peace.
      if (child.pid !== undefined) await killTree(child.pid);
      removeRunFolder(folder);
    }
  };
  const tree = () => (child.pid === undefined ? [] : treeOf(child.pid));
  return {
    log,
    died,
    async untilAnswers(ask, signal) {
      const limit = AbortSignal.timeout(READY_MS);
      const over = AbortSignal.any([dead.signal, limit, ...(signal === undefined ? [] : [signal])]);
      while (!(await ask(over).catch(() => false))) {
        if (limit.aborted) {
          throw new Error(
            `${name} does not answer after ${READY_MS / 1_000} s; the end of its log:\n${lastLines(log)}`,
          );
        }
        over.throwIfAborted();
        await delay(POLL_MS);
      }
    },
    listensOn: (port) => isListening(tree(), port),
    assertLoopbackOnly() {
      const exposed = exposedListeners(tree());
      if (exposed.length === 0) return;
      throw new Error(
        `${name} listens on ${exposed.join(', ')}, where others in the network can reach it; it was ` +
          'stopped, because whoever reaches it can run code on this machine',
      );
    },
    stop() {
      stopping ??= end();
      return stopping;
    },
  };
}

function lastLines(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
}
