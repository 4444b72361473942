// The CDK's own command line as a child process, unmodified. What it says is shown only when it fails.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..', '..', '..');
const CDK = join(PROJECT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
const SAID_MAX = 8_000;

/**
 * Runs `cdk` with these arguments; `environment` is all that it knows of the cloud.
 *
 * @throws Error with the end of its output when it fails.
 */
export async function runCdk(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const child = spawn(process.execPath, [CDK, ...args], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true', NO_COLOR: '1', ...environment },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) {
    throw new Error(`cdk ${args.join(' ')} ended with code ${code}:\n${said.slice(-SAID_MAX)}`);
  }
}
