// Asks a program what it is. A name on the PATH proves nothing: a version manager's shim is there
// for every version it knows and fails for those that are not chosen.

import { execFile } from 'node:child_process';

/** The slowest that a healthy program says its version on a busy machine. */
const ANSWER_MS = 15_000;

/** What it prints, on both streams; null when it is not there, fails or does not answer in time. */
export function askProgram(
  command: string,
  args: readonly string[],
  options: { readonly environment: NodeJS.ProcessEnv; readonly withinMs?: number },
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      [...args],
      {
        env: options.environment,
        encoding: 'utf8',
        timeout: options.withinMs ?? ANSWER_MS,
        killSignal: 'SIGKILL',
      },
      (error, stdout, stderr) => resolve(error === null ? `${stdout}${stderr}` : null),
    );
    child.stdin?.end();
  });
}
