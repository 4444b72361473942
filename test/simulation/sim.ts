// npm run sim: campaigns of the simulation on the command line.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CampaignResult, runCampaign } from './campaign.ts';
import { plantedNames, runCanary } from './canaries.ts';
import { isRecorded, regressionPaths } from './recorded.ts';
import { replay } from './replay.ts';
import { Reporter } from './reporter.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';
import { WorkerPool } from './worker-pool.ts';

const USAGE = `npm run sim -- [options]

Runs the deployed engine over the model of the cloud in virtual time, with faults, and compares all
results with a plain computation.

  --seeds N          random fault plans (default 2000); where no other mode and no scenario is asked
                     for, also the regressions and all planted bugs, which take some minutes more
  --first N          the first seed (default 0)
  --exhaustive       every call of a small run of each scenario x every kind of fault
  --pairs            all ordered pairs of faults in a small run, at most 100,000 a scenario
  --walk             allow k calls, end the sandbox, allow k + 1, and so on, for every k
  --canaries         the planted bugs alone: each must be caught in most of its trials
  --replay FILE      one recorded run, with its trace
  --scenario NAME    only this scenario; may be repeated
                     (${Object.keys(SCENARIOS).join(', ')})
  --json             one line of JSON instead of a report
  --help             this text

Several modes run one after the other; --seeds N adds random plans to them, without the planted bugs.

Exit code: 0, or 1 for any violation, planted bug that was not caught, or (from 2000 seeds on) kind of
fault that some operation was spared, or 2 for a wrong option.`;

/** Trials of each planted bug: enough for a median. */
const TRIALS = 3;

const FAILURES = join(import.meta.dirname, '..', '..', '.rivulet', 'simulation', 'failures');

const { values } = readOptions();
const pool = new WorkerPool(Math.max(2, availableParallelism()));
const reporter = new Reporter(values.json === true);
const scenarioNames = values.scenario ?? Object.keys(SCENARIOS);

process.exitCode = (await run().finally(() => pool.end())) ? 0 : 1;

async function run(): Promise<boolean> {
  if (values.replay !== undefined) {
    const replayed = await replay(values.replay);
    reporter.replayed(replayed);
    return replayed.violations.length === 0;
  }
  const campaigns: CampaignResult[] = [];
  for (const mode of ['exhaustive', 'pairs', 'walk'] as const) {
    if (values[mode] === true) campaigns.push(await campaign(mode));
  }
  const isRandom = campaigns.length === 0 && values.canaries !== true;
  const isWhole = isRandom && values.scenario === undefined;
  if (isRandom || values.seeds !== undefined) {
    campaigns.push(await campaign('random', Number(values.seeds ?? 2_000)));
  }
  const regressions = isWhole ? await replayAll() : [];
  const planted = isWhole || values.canaries === true ? plantedNames() : [];
  const canaries = await Promise.all(
    planted.map(async (name) => {
      const canary = await runCanary(pool, name, TRIALS);
      reporter.canary(canary);
      return canary;
    }),
  );
  return reporter.closing({ campaigns, canaries, regressions });
}

async function campaign(
  mode: 'random' | 'exhaustive' | 'pairs' | 'walk',
  count?: number,
): Promise<CampaignResult> {
  const result = await runCampaign({
    mode,
    pool,
    scenarioNames,
    first: Number(values.first ?? 0),
    ...(count === undefined ? {} : { count }),
    onProgress: (done, total) => reporter.progress(mode, done, total),
  });
  for (const { index, smallest } of result.failures) {
    if (smallest === null) continue;
    mkdirSync(FAILURES, { recursive: true });
    const path = join(FAILURES, `${mode}-${index}.json`);
    writeFileSync(path, `${JSON.stringify(smallest, null, 2)}\n`);
    reporter.recorded(path);
  }
  reporter.campaign(result);
  return result;
}

async function replayAll() {
  const replayed = [];
  for (const path of regressionPaths()) replayed.push(await replay(path));
  return replayed;
}

function readOptions() {
  try {
    const parsed = parseArgs({
      options: {
        seeds: { type: 'string' },
        first: { type: 'string' },
        exhaustive: { type: 'boolean' },
        pairs: { type: 'boolean' },
        walk: { type: 'boolean' },
        canaries: { type: 'boolean' },
        replay: { type: 'string' },
        scenario: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (parsed.values.help === true) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    for (const name of ['seeds', 'first'] as const) {
      const value = parsed.values[name];
      const least = name === 'seeds' ? 1 : 0;
      if (value !== undefined && !(/^\d+$/.test(value) && Number(value) >= least)) {
        throw new Error(`--${name} takes a whole number from ${least} on, got '${value}'`);
      }
    }
    for (const name of parsed.values.scenario ?? []) {
      if (SCENARIOS[name] === undefined) {
        throw new Error(`there is no scenario '${name}': ${Object.keys(SCENARIOS).join(', ')}`);
      }
    }
    const { replay: path } = parsed.values;
    if (path !== undefined && !isRecorded(path)) {
      throw new Error(
        `${path} holds no recorded run; such files are in test/simulation/regressions`,
      );
    }
    return parsed;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${why}\nnpm run sim -- --help shows all options\n`);
    process.exit(2);
  }
}
