// Turns the CDK app into a cloud assembly by running the app itself, as the CDK's command line does:
// the command and the context of cdk.json, the output folder in a variable. It needs no network.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..');

/** A folder with manifest, templates and assets. */
export interface Assembly {
  readonly directory: string;
  remove(): Promise<void>;
}

/**
 * Synthesises the app into a temporary folder; throws the app's own sentence when it refuses.
 * `context` goes over that of cdk.json, as `-c name=value` does.
 */
export async function synthesise(
  context: Readonly<Record<string, string>> = {},
): Promise<Assembly> {
  const directory = await mkdtemp(join(tmpdir(), 'rivulet-assembly-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await runApp(directory, context);
    return { directory, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function runApp(
  directory: string,
  overrides: Readonly<Record<string, string>>,
): Promise<void> {
  const { app, context: defaults } = JSON.parse(await readFile(join(PROJECT, 'cdk.json'), 'utf8'));
  // The command begins with `node`: the one that runs this, whatever is on the PATH.
  const [, ...args] = String(app).split(' ');
  const context = { ...defaults, ...overrides };
  const child = spawn(process.execPath, args, {
    cwd: PROJECT,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CDK_OUTDIR: directory, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the app cannot be synthesised: ${complaints.trim()}`);
}
