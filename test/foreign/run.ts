// `npm run test:localstack` and `npm run test:ministack`: brings the cloud up on a free port, runs the
// scenarios on it and ends it in every case. Further arguments are vitest's.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  type ForeignCloud,
  type ForeignOptions,
  startLocalStack,
  startMiniStack,
} from '../../localstack/foreign/foreign-cloud.ts';
import { killTree } from '../../localstack/foreign/run/process-tree.ts';
import { ACCOUNT_VARIABLE } from '../integration/scenarios/target.ts';

interface Subject {
  start(options: ForeignOptions): Promise<ForeignCloud>;
  /** How many scenarios it has to run; more may be skipped on another day, fewer may not. */
  readonly scenariosPromised: number;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  localstack: { start: startLocalStack, scenariosPromised: 15 },
  ministack: { start: startMiniStack, scenariosPromised: 13 },
};

const PROJECT = join(import.meta.dirname, '..', '..');
const VITEST = join(PROJECT, 'node_modules', 'vitest', 'vitest.mjs');
const INTERRUPTED = 130;

process.exitCode = await main(process.argv.slice(2));

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const subject = SUBJECTS[name];
  if (subject === undefined) {
    process.stderr.write(`name one of ${Object.keys(SUBJECTS).join(', ')}, not '${name}'\n`);
    return 2;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort());
  }
  try {
    return await runScenarios(subject, args, interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED;
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

async function runScenarios(
  { start, scenariosPromised }: Subject,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const cloud = await start({ port: 0, say, signal });
  try {
    const suite = spawn(
      process.execPath,
      [VITEST, 'run', '--mode', 'endpoint', 'test/integration/scenarios', ...args],
      { cwd: PROJECT, env: environmentFor(cloud, scenariosPromised), stdio: 'inherit' },
    );
    const end = async () => {
      if (suite.pid !== undefined) await killTree(suite.pid);
    };
    signal.addEventListener('abort', end);
    const code = await Promise.race([
      once(suite, 'close').then(([exitCode]) => exitCode as number | null),
      cloud.died,
    ]);
    if (typeof code === 'number') return code;
    await end();
    signal.throwIfAborted();
    throw new Error(code ?? 'the suite was killed');
  } finally {
    await cloud.stop();
  }
}

function environmentFor(cloud: ForeignCloud, scenariosPromised: number): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('AWS_') && name !== ACCOUNT_VARIABLE,
  );
  return {
    ...Object.fromEntries(others),
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_REGION: cloud.region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    RIVULET_SCENARIOS_PROMISED: String(scenariosPromised),
  };
}
