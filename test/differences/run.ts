// `npm run differences`: what other clouds do differently from the documented services, found by the
// conformance suite and written into the README of the folder that brings them up.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from '../../environment.ts';
import { createScreen, type Screen } from '../../localstack/demo/screen.ts';
import { CLOUDS, type TestedCloud } from './clouds.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { runSuite } from './suite.ts';
import { type TestedRun, tableOf, withTable } from './table.ts';

const README = join(import.meta.dirname, '..', '..', 'localstack', 'README.md');
const INTERRUPTED = 130;

cleanEnvironment();
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const screen = createScreen(process.stdout);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return conclude(await testAll(options, screen, interruption.signal), options, screen);
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED;
    screen.say(screen.red(`failed: ${(error as Error).message}`));
    return 1;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Clouds are started one after the other, since parts are shared, and tested at the same time. */
async function testAll(
  options: Options,
  screen: Screen,
  signal: AbortSignal,
): Promise<readonly TestedRun[]> {
  const started: StartedCloud[] = [];
  // When one cloud cannot be tested the others are not waited for.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  try {
    for (const cloud of CLOUDS) {
      const endpoint = options.endpoints.get(cloud.id);
      started.push({
        cloud,
        ...(endpoint === undefined
          ? await cloud.start({ port: 0, say: screen.say, signal })
          : { endpoint, stop: async () => undefined }),
      });
    }
    return await Promise.all(
      started.map((one) =>
        test(one, { screen, signal: either }).catch((error: unknown) => {
          failed.abort();
          throw error;
        }),
      ),
    );
  } finally {
    await Promise.all(started.map(({ stop }) => stop()));
  }
}

interface StartedCloud {
  readonly cloud: TestedCloud;
  readonly endpoint: string;
  stop(): Promise<void>;
}

async function test(
  { cloud, endpoint }: StartedCloud,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<TestedRun> {
  screen.say(`testing ${cloud.name} at ${endpoint} …`);
  const startedMs = performance.now();
  const outcomes = await runSuite(cloud.services, { endpoint, signal });
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  screen.say(`tested ${cloud.name} in ${seconds} s`);
  return { cloud, outcomes };
}

function conclude(runs: readonly TestedRun[], { check }: Options, screen: Screen): number {
  const written = readFileSync(README, 'utf8');
  const right = withTable(written, tableOf(runs));
  if (right === written) {
    screen.say(screen.green('the table in localstack/README.md is what this run shows'));
    return 0;
  }
  for (const line of changesOf(written, right)) screen.say(line);
  if (check) {
    screen.say(screen.red('the table in localstack/README.md is not what this run shows'));
    screen.say('`npm run differences` writes it again');
    return 1;
  }
  writeFileSync(README, right);
  screen.say(screen.green('the table in localstack/README.md is written'));
  return 0;
}

function changesOf(before: string, after: string): readonly string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}
