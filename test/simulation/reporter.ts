// What a campaign shows: progress on a terminal, a table of what struck and what was reached, and a
// last line that sums it up.

import { relative } from 'node:path';
import {
  CALL_FAULTS,
  INVOCATION_FAULTS,
  WORLD_FAULTS,
} from '../../lib/testing/faults/fault-plan.ts';
import type { CampaignResult } from './campaign.ts';
import { type CanaryResult, isCaught } from './canaries.ts';
import type { Replayed } from './replay.ts';
import type { Failure } from './run-part.ts';

/** States that a campaign of this many seeds must have met, or it says little. */
const REQUIRED_STATES = [
  'batch without records',
  'checkpoint written by maintenance',
  'commit to a shared log',
  'dead letter',
  'duplicate dropped',
  'fell back to the older checkpoint',
  'fenced by a winner',
  'filtered record',
  'hole in a log refused',
  'late record',
  'late row of an applied record',
  'lost records recorded',
  'older deploy refused',
  'own write recovered by its id',
  'pointer move refused',
  'poison set aside',
  'process ended by user code',
  'repeated row refused',
  'slot reused',
  'spilled body',
  'staged rows published',
  'zombie refused laps later',
] as const;
/** Below this many random seeds a rare state may be missed by chance. */
const SEEDS_FOR_STATES = 1_000;

/**
 * What the engine asks of the cloud. HeadObject is left out: it asks for an output only when its staged
 * object is gone, a day after its commit at least, when an earlier invocation has published it.
 */
const OPERATIONS = [
  'CopyObject',
  'DeleteObjects',
  'DescribeStreamSummary',
  'GetItem',
  'GetObject',
  'GetRecords',
  'GetShardIterator',
  'ListObjectsV2',
  'ListShards',
  'PutItem',
  'PutObject',
  'Query',
  'UpdateItem',
] as const;
/** Below this many random seeds a kind of fault may miss a rare operation by chance. */
const SEEDS_FOR_CELLS = 2_000;

const PROGRESS_EVERY_MS = 200;

export interface Summary {
  readonly campaigns: readonly CampaignResult[];
  readonly canaries: readonly CanaryResult[];
  readonly regressions: readonly Replayed[];
}

export class Reporter {
  private readonly json: boolean;
  private shownMs = 0;

  constructor(json: boolean) {
    this.json = json;
  }

  progress(mode: string, done: number, total: number): void {
    if (this.json || !process.stderr.isTTY) return;
    const nowMs = performance.now();
    if (done < total && nowMs - this.shownMs < PROGRESS_EVERY_MS) return;
    this.shownMs = nowMs;
    process.stderr.write(`\r${mode}: ${done} of ${total} runs${done === total ? '\n' : ''}`);
  }

  recorded(path: string): void {
    const file = relative(process.cwd(), path);
    this.print(`  smallest plan: npm run sim -- --replay ${file}`);
    this.print(`  to run it for ever: mv ${file} test/simulation/regressions/NAME.json`);
  }

  campaign(result: CampaignResult): void {
    const { mode, failures, struck, reached } = result;
    for (const failure of failures.slice(0, 10)) {
      const { index, violations } = failure;
      const [first] = violations;
      this.print(`violation in run ${index}: ${first!.invariant} ${first!.what}`);
      this.print(`  again: npm run sim -- ${again(mode, failure)}`);
    }
    this.print('how often each fault struck each call, then the process and the world:');
    this.print(faultTable(struck));
    this.print('what was reached, and how often:');
    this.print([...reached].map(([state, count]) => `  ${padded(count)}  ${state}`).join('\n'));
    this.print(lineOf(result));
  }

  canary({ name, caughtCount, trialCount, medianSeeds, firstViolation }: CanaryResult): void {
    const caught = `${caughtCount} of ${trialCount} trials, median ${medianSeeds} seeds`;
    this.print(`planted ${name}: caught in ${caught}: ${firstViolation.split('\n')[0]}`);
  }

  replayed({ recorded, violations, trace }: Replayed): void {
    if (this.json) {
      process.stdout.write(`${JSON.stringify({ recorded, violations, trace })}\n`);
      return;
    }
    this.print('virtual time in ms, what happened, by which process, digest of the request:');
    this.print(trace.join('\n'));
    this.print(`recorded: ${recorded.why}`);
    for (const { invariant, what } of violations) this.print(`violation: ${invariant} ${what}`);
    this.print(`${violations.length} violations`);
  }

  /** Prints the last line and says whether everything holds. */
  closing(summary: Summary): boolean {
    const { campaigns, canaries, regressions } = summary;
    const failed = campaigns.reduce((sum, { failures }) => sum + failures.length, 0);
    const unequal = campaigns.reduce((sum, each) => sum + each.unequal.length, 0);
    const uncaught = canaries.filter((canary) => !isCaught(canary));
    const again = regressions.filter(({ violations }) => violations.length > 0);
    const missed = campaigns.flatMap((each) => [...missedStates(each), ...missedCells(each)]);
    for (const state of missed) this.print(`never reached: ${state}`);
    for (const { name } of uncaught) this.print(`not caught in most trials: ${name}`);
    for (const { path } of again) this.print(`violated again: npm run sim -- --replay ${path}`);
    const passed = failed + unequal + uncaught.length + again.length + missed.length === 0;
    if (this.json) {
      const plain = campaigns.map((each) => ({
        ...each,
        reached: Object.fromEntries(each.reached),
        struck: Object.fromEntries(each.struck),
      }));
      process.stdout.write(`${JSON.stringify({ passed, campaigns: plain, canaries, missed })}\n`);
      return passed;
    }
    const runs = campaigns.reduce((sum, { runCount }) => sum + runCount, 0);
    const reruns = campaigns.reduce((sum, { rerunCount }) => sum + rerunCount, 0);
    const parts = [
      `${runs} runs, ${failed} violated`,
      `${reruns} run twice, ${unequal} differed`,
      ...(canaries.length === 0
        ? []
        : [`${canaries.length - uncaught.length} of ${canaries.length} planted bugs caught`]),
      ...(regressions.length === 0
        ? []
        : [`${regressions.length - again.length} of ${regressions.length} regressions hold`]),
      `hash ${campaigns.map(({ digest }) => digest).join('+') || 'none'}`,
    ];
    this.print(`${passed ? 'passed' : 'FAILED'}: ${parts.join('; ')}`);
    return passed;
  }

  private print(line: string): void {
    if (!this.json) process.stdout.write(`${line}\n`);
  }
}

/** States that a large random campaign should have met and did not. */
export function missedStates({ mode, runCount, reached }: CampaignResult): readonly string[] {
  if (mode !== 'random' || runCount < SEEDS_FOR_STATES) return [];
  return REQUIRED_STATES.filter((state) => !reached.has(state));
}

/** Faults that a large campaign should have let strike, at every operation that they can, and did not. */
export function missedCells({ mode, runCount, struck }: CampaignResult): readonly string[] {
  if (mode !== 'random' || runCount < SEEDS_FOR_CELLS) return [];
  const cells = [
    ...OPERATIONS.flatMap((operation) =>
      CALL_FAULTS.filter((kind) => canStrike(operation, kind)).map(
        (kind) => `${operation} × ${kind}`,
      ),
    ),
    ...INVOCATION_FAULTS.map((kind) => `invocation × ${kind}`),
    ...WORLD_FAULTS.map((kind) => `world × ${kind}`),
  ];
  return cells.filter((each) => !struck.has(each));
}

/** Only what is read can come back damaged; all else can happen to any call. */
const canStrike = (operation: string, kind: (typeof CALL_FAULTS)[number]) =>
  kind !== 'damage' || operation === 'GetObject';

function lineOf(result: CampaignResult): string {
  const { mode, runCount, failures, recordCount, commitCount, seconds, digest } = result;
  return `${mode}: ${runCount} runs of ${recordCount} records and ${commitCount} commits, ${failures.length} violated, ${seconds.toFixed(1)} s, hash ${digest}`;
}

const again = (mode: string, { index, scenarioName }: Failure) =>
  mode === 'random'
    ? `--first ${index} --seeds 1 --scenario ${scenarioName}`
    : `--${mode} --first ${index}`;

const padded = (count: number) => String(count).padStart(8);

/** Calls down, kinds of faults across: how often each struck. */
function faultTable(struck: ReadonlyMap<string, number>): string {
  const operations = [...new Set([...struck.keys()].map((key) => key.split(' × ')[0]!))];
  const calls = operations.filter((name) => /^[A-Z]/.test(name)).sort();
  const header = ['', ...CALL_FAULTS].map((text, index) => cell(text, index)).join('');
  const rows = calls.map((operation) =>
    [operation, ...CALL_FAULTS.map((kind) => String(struck.get(`${operation} × ${kind}`) ?? 0))]
      .map((text, index) => cell(text, index))
      .join(''),
  );
  const others = [...struck].filter(([key]) => !/^[A-Z]/.test(key));
  const lines = others.map(([key, count]) => `  ${padded(count)}  ${key}`);
  return [header, ...rows, ...lines].join('\n');
}

const cell = (text: string, index: number) => (index === 0 ? text.padEnd(24) : text.padStart(14));
