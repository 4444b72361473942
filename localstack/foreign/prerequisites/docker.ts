// Whether LocalStack runs in Docker.

import { askProgram } from './probe.ts';

/** A daemon that is there answers at once; one that hangs must not hold up the command. */
const DAEMON_MS = 5_000;

/** Host unless Docker was asked for or is ready. */
export async function decideMode(
  switches: ReadonlySet<string>,
  environment: NodeJS.ProcessEnv,
): Promise<'docker' | 'host'> {
  if (switches.has('host')) return 'host';
  const obstacle = await obstacleOf(environment);
  if (obstacle === null) return 'docker';
  if (switches.has('docker')) {
    throw new Error(
      `${obstacle}, and --docker was given: start Docker, or leave --docker away to run LocalStack ` +
        'in processes of this machine',
    );
  }
  return 'host';
}

async function obstacleOf(environment: NodeJS.ProcessEnv): Promise<string | null> {
  const ask = (...args: readonly string[]) =>
    askProgram('docker', args, { environment, withinMs: DAEMON_MS });
  if ((await ask('info', '--format', '{{.ServerVersion}}')) === null) {
    return "no Docker daemon answers 'docker info'";
  }
  if ((await ask('compose', 'version')) === null) {
    return "'docker compose' is not installed";
  }
  return null;
}
