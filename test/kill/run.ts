// `npm run test:kill`: real processes killed at chosen calls, and everything compared afterwards.

import { cleanEnvironment } from '../../environment.ts';
import { counted, createScreen, type Screen } from '../../localstack/demo/screen.ts';
import { type KillReport, runKills } from './kill-run.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { commandOf, formatReport, summaryOf } from './report.ts';

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
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const report = await run(options, screen, interruption.signal);
    if (options.json) process.stdout.write(`${JSON.stringify(asJson(report))}\n`);
    return conclude(report, screen);
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED;
    screen.say(screen.red(`failed: ${(error as Error).message}`));
    screen.say(`again: ${commandOf(options)}`);
    return 1;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function run(
  { kills, seed }: Options,
  screen: Screen,
  interruption: AbortSignal,
): Promise<KillReport> {
  screen.say(`killing ${counted(kills)} sandboxes, seed ${seed}`);
  return runKills({
    kills,
    seed,
    interruption,
    onProgress: ({ struck, planned, recordsIn }) =>
      screen.progress(
        struck / planned,
        `${struck} of ${planned} faults · ${counted(recordsIn)} records in`,
      ),
  });
}

function conclude(report: KillReport, screen: Screen): number {
  const exact = report.differences.length === 0;
  screen.say(formatReport(report));
  if (!exact) screen.say(`seed ${report.seed}, again: ${commandOf(report)}`);
  screen.say(exact ? screen.green(summaryOf(report)) : screen.red(summaryOf(report)));
  return exact ? 0 : 1;
}

/** Maps are no JSON. */
function asJson(report: KillReport): object {
  return { ...report, calls: Object.fromEntries(report.calls) };
}
