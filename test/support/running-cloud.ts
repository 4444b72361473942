// `npm run cloud` as a program of its own, used from outside only: its line of JSON, its endpoint,
// its exit code and signals.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Clients, createClients } from '../../localstack/demo/clients.ts';
import type { Places } from '../../localstack/demo/run.ts';
import { sandboxesOf } from './sandbox-processes.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const PROGRAM = [
  '--conditions=rivulet-source',
  '--import',
  'tsx',
  join(PROJECT, 'localstack/cloud.ts'),
];

/** The line that the program prints when it is ready. */
export interface ReadyLine {
  readonly ready: boolean;
  readonly endpoint: string;
  readonly region: string;
  readonly pipelines: Readonly<Record<string, Places>>;
}

export interface RunningCloud extends ReadyLine {
  readonly clients: Clients;
  /** Places of the example pipeline. */
  readonly delays: Places;
  /** What the program wrote to standard output so far, by line. */
  readonly lines: readonly string[];
  /** Process ids of the sandboxes at the moment. */
  sandboxPids(): readonly number[];
  /** SIGKILL to the program and all its children at once, as when a machine dies. */
  killAll(): Promise<void>;
  /** Ends it as Ctrl-C does; the exit code. */
  interrupt(): Promise<number | null>;
}

/** Starts the embedded cloud with the example deployed and waits until it is ready. */
export async function startCloud(args: readonly string[] = []): Promise<RunningCloud> {
  const child = spawnCloud(['--port', '0', '--json', ...args]);
  let complaints = '';
  child.stderr?.on('data', (chunk) => {
    complaints += chunk;
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! });
  reader.on('line', (line) => lines.push(line));
  await Promise.race([once(reader, 'line'), once(child, 'exit')]);
  const [first] = lines;
  if (first === undefined) throw new Error(`the cloud did not start: ${complaints}`);
  const ready = JSON.parse(first) as ReadyLine;
  const clients = createClients(ready.endpoint);
  const stop = async (signal: NodeJS.Signals, pid: number) => {
    clients.destroy();
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      process.kill(pid, signal);
      await ended;
    }
    return child.exitCode;
  };
  return {
    ...ready,
    clients,
    delays: ready.pipelines['delays']!,
    lines,
    sandboxPids: () => sandboxesOf(child.pid!),
    killAll: async () => {
      await stop('SIGKILL', -child.pid!);
    },
    interrupt: () => stop('SIGINT', child.pid!),
  };
}

/** Runs the program until it ends by itself. */
export async function runCloud(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawnCloud(args);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

const LAST_WORDS = 'npx cdk deploy';

/** What the program tells a person on a colour terminal before it is ended by Ctrl-C. */
export async function readInstructions(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawnCloud(args, { FORCE_COLOR: '1' });
  let stdout = '';
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout?.on('data', (chunk) => {
    const wasTold = stdout.includes(LAST_WORDS);
    stdout += chunk;
    // Once: while the program ends, nobody is left in it who would take a second one in peace.
    if (!wasTold && stdout.includes(LAST_WORDS)) child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** A process group of its own, so that the program and its sandboxes can be killed together. */
function spawnCloud(args: readonly string[], variables: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [...PROGRAM, ...args], {
    cwd: PROJECT,
    detached: true,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
