// An example as a program of its own, started by the command of its npm script.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..', '..');

export interface ExampleProgram {
  readonly child: ChildProcess;
  /** What it has written to standard output so far. */
  output(): string;
  /** Resolves once the output holds this. */
  untilShown(text: string): Promise<void>;
  /** Its exit code, and all that it wrote. */
  ended(): Promise<{
    readonly code: number | null;
    readonly output: string;
    readonly errors: string;
  }>;
}

/** Starts `npm run example:NAME -- ARGS` without npm; `input` is its standard input. */
export function startExampleProgram(
  name: string,
  { args = [], input = '' }: { readonly args?: readonly string[]; readonly input?: string } = {},
): ExampleProgram {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  const [, ...command] = String(scripts[`example:${name}`]).split(' ');
  const child = spawn(process.execPath, [...command, ...args], {
    cwd: PROJECT,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(input);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  const closed = once(child, 'close');
  return {
    child,
    output: () => output,
    async untilShown(text) {
      while (!output.includes(text)) {
        await Promise.race([once(child.stdout, 'data'), closed]);
        if (child.exitCode !== null && !output.includes(text)) {
          throw new Error(`it ended with ${child.exitCode} before it showed '${text}': ${errors}`);
        }
      }
    },
    async ended() {
      const [code] = await closed;
      return { code, output, errors };
    },
  };
}
