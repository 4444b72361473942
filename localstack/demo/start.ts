// `npm start`: the example pipeline in a cloud inside this process, fed with real events, with a
// sandbox killed on the way, and checked to the last row.

import { cleanEnvironment } from '../../environment.ts';
import { startEmbeddedCloud } from '../embedded/embedded-cloud.ts';
import { placesOf } from '../pipelines.ts';
import { synthesise } from '../synthesise.ts';
import { parseOptions, USAGE } from './options.ts';
import { type Places, type Report, runDemo } from './run.ts';
import { counted, createScreen, type Screen } from './screen.ts';
import { writeStreamScript } from './stream-script.ts';

const PIPELINE = 'delays';
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
  const screen = createScreen(options.json ? process.stderr : process.stdout);
  const startedAtMs = performance.now();
  try {
    const report = await runInCloud(options.events, screen);
    const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
    if (options.json) process.stdout.write(`${JSON.stringify({ ...report, seconds })}\n`);
    return conclude(report, seconds, screen);
  } catch (error) {
    screen.say(screen.red(`failed: ${(error as Error).message}`));
    return 1;
  }
}

async function runInCloud(events: number, screen: Screen): Promise<Report> {
  screen.say('synthesising the CDK app');
  const assembly = await synthesise();
  const cloud = await startEmbeddedCloud({ port: 0 });
  const interrupt = () => {
    Promise.allSettled([cloud.stop(), assembly.remove()]).then(() => process.exit(INTERRUPTED));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const outputs = await cloud.deploy(assembly.directory);
    screen.say(`deployed ${screen.bold(PIPELINE)} to the embedded cloud at ${cloud.endpoint}`);
    return await runDemo({
      endpoint: cloud.endpoint,
      // The example has a sink of every kind, so it has every place.
      places: placesOf(outputs)[PIPELINE] as Places,
      sandboxes: { list: () => cloud.sandboxes(), kill: (pid) => cloud.killSandbox(pid) },
      script: await writeStreamScript(events),
      screen,
    });
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await cloud.stop();
    await assembly.remove();
  }
}

function conclude(report: Report, seconds: number, screen: Screen): number {
  const counts = [
    `${counted(report.eventsIn)} events in`,
    `${counted(report.applied)} applied`,
    `${report.late} late`,
    `${report.dead} dead`,
    `${counted(report.tableRows + report.s3Rows)} rows out (${counted(report.tableRows)} in DynamoDB, ${counted(report.s3Rows)} in S3)`,
    `${report.batches} batches`,
    `${counted(report.duplicatesDropped)} duplicates dropped`,
    `${report.sandboxesKilled} sandbox killed`,
    `${seconds} seconds`,
  ].join(', ');
  if (report.differences.length === 0) {
    screen.say(`${screen.green('verified:')} ${counts}`);
    return 0;
  }
  screen.say(`${screen.red('not exact:')} ${counts}`);
  for (const difference of report.differences) screen.say(`  ${difference}`);
  return 1;
}
