// Runs a command that installs something. It is out of reach of Ctrl-C in the terminal, which ends our
// command; this then ends it with its own children.

import { spawn } from 'node:child_process';
import { killTree } from '../run/process-tree.ts';

export interface Tool {
  /** What it does, as the beginning of a sentence: "installing Python packages". */
  readonly purpose: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface Progress {
  /** Takes one line of progress at a time. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A long command is mentioned again after this long. */
const REMINDER_MS = 20_000;
/** How much of its output is shown when it fails. */
const SHOWN_LINES = 15;

/** Resolves when the command has ended well. */
export async function runTool(tool: Tool, { say, signal }: Progress): Promise<void> {
  signal?.throwIfAborted();
  say(`${tool.purpose} …`);
  const startedMs = Date.now();
  const reminder = setInterval(() => {
    say(`${tool.purpose} … ${Math.round((Date.now() - startedMs) / 1_000)} s so far`);
  }, REMINDER_MS);
  try {
    const { end, output } = await runToEnd(tool, signal);
    signal?.throwIfAborted();
    if (end === 0) return;
    const lines = output.trimEnd().split('\n').slice(-SHOWN_LINES);
    throw new Error(
      [`${tool.purpose} failed (${tool.command} ended with ${end}):`, ...lines].join('\n'),
    );
  } finally {
    clearInterval(reminder);
  }
}

function runToEnd(
  tool: Tool,
  signal: AbortSignal | undefined,
): Promise<{ readonly end: number | NodeJS.Signals | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool.command, [...tool.args], {
      cwd: tool.directory,
      env: tool.environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const abandon = () => {
      if (child.pid !== undefined) killTree(child.pid).catch(reject);
    };
    let output = '';
    const collect = (text: string) => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    signal?.addEventListener('abort', abandon);
    child.once('error', (error) => {
      signal?.removeEventListener('abort', abandon);
      reject(new Error(`${tool.purpose} failed: ${error.message}`));
    });
    child.once('close', (code, killed) => {
      signal?.removeEventListener('abort', abandon);
      resolve({ end: code ?? killed, output });
    });
  });
}
