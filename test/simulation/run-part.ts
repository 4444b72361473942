// Runs a part of a campaign in this process and sums it up.

import { createHash } from 'node:crypto';
import { type FaultPlan, faultCount } from '../../lib/testing/faults/fault-plan.ts';
import { shrinkPlan } from '../../lib/testing/faults/shrink.ts';
import { runScenario, type Violation } from '../../lib/testing/world/world.ts';
import { type JudgedScenario, judge } from './judge.ts';
import { buildScenario, type Mode, type PlannedRun, plannedRun } from './plans.ts';
import type { Recorded } from './recorded.ts';

/** Which runs of a campaign: from index `from` up to, without, `to`. */
export interface Part {
  readonly mode: Mode;
  readonly from: number;
  readonly to: number;
  readonly scenarioNames: readonly string[];
  /** Leaves the runs of all other scenarios out. */
  readonly only: readonly string[];
  /** Ends after the first failing run, and does not make it smaller. */
  readonly untilCaught: boolean;
}

export interface Failure {
  readonly index: number;
  readonly scenarioName: string;
  readonly violations: readonly Violation[];
  /** The same failure with fewer faults and records. */
  readonly smallest: Recorded | null;
}

export interface PartResult {
  readonly runCount: number;
  readonly failures: readonly Failure[];
  /** One digest a run, of everything that happened in it. */
  readonly digests: readonly string[];
  /** Runs that were run twice, and those of them whose traces differed. */
  readonly rerunCount: number;
  readonly unequal: readonly number[];
  readonly reached: Readonly<Record<string, number>>;
  readonly struck: Readonly<Record<string, number>>;
  readonly commitCount: number;
  readonly recordCount: number;
}

/** One run in twenty is run twice. */
const RERUN_EVERY = 20;
/** Failing runs that are made smaller in one part. */
const SHRUNK_MAX = 2;

export async function runPart(part: Part, onRun: () => void): Promise<PartResult> {
  const failures: Failure[] = [];
  const digests: string[] = [];
  const unequal: number[] = [];
  const reached = new Map<string, number>();
  const struck = new Map<string, number>();
  let rerunCount = 0;
  let recordCount = 0;
  for (let index = part.from; index < part.to; index += 1) {
    const planned = await plannedRun(part.mode, index, part.scenarioNames);
    if (!part.only.includes(planned.scenarioName)) continue;
    const { violations, trace, arrivalCount, ...counted } = await runPlanned(planned);
    digests.push(digestOf(trace));
    addAll(reached, counted.reached);
    addAll(struck, counted.struck);
    recordCount += arrivalCount;
    if (index % RERUN_EVERY === 0) {
      rerunCount += 1;
      const again = await runPlanned(planned);
      if (again.trace.join('\n') !== trace.join('\n')) unequal.push(index);
    }
    onRun();
    if (violations.length === 0) continue;
    const isShrunk = !part.untilCaught && failures.length < SHRUNK_MAX;
    const smallest = isShrunk ? await makeSmaller(planned, violations) : null;
    failures.push({ index, scenarioName: planned.scenarioName, violations, smallest });
    if (part.untilCaught) break;
  }
  return {
    runCount: digests.length,
    failures,
    digests,
    rerunCount,
    unequal,
    reached: Object.fromEntries(reached),
    struck: Object.fromEntries(struck),
    commitCount: reached.get('commit') ?? 0,
    recordCount,
  };
}

/** Runs one plan and judges it. */
export async function runPlanned(planned: PlannedRun & { readonly records?: readonly number[] }) {
  const whole = buildScenario(planned);
  const { records } = planned;
  const scenario =
    records === undefined
      ? whole
      : { ...whole, arrivals: records.map((index) => whole.arrivals[index]!) };
  return { ...(await runAndJudge(scenario, planned.plan)), arrivalCount: scenario.arrivals.length };
}

async function runAndJudge(scenario: JudgedScenario, plan: FaultPlan) {
  try {
    const result = await runScenario(scenario, plan);
    const { trace, reached, struck } = result;
    return { violations: judge(scenario, result), trace, reached, struck };
  } catch (error) {
    // Bytes that only a broken engine writes can stop the watchers themselves.
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const violations: readonly Violation[] = [{ invariant: 'exception', what }];
    const none: ReadonlyMap<string, number> = new Map();
    return { violations, trace: [what], reached: none, struck: none };
  }
}

async function makeSmaller(
  planned: PlannedRun,
  violations: readonly Violation[],
): Promise<Recorded> {
  const scenario = buildScenario(planned);
  const invariants = new Set(violations.map(({ invariant }) => invariant));
  const { scenario: smaller, plan } = await shrinkPlan(
    scenario,
    planned.plan,
    async (some, faults) => {
      const { violations: left } = await runAndJudge({ ...scenario, ...some }, faults);
      return left.some(({ invariant }) => invariants.has(invariant));
    },
  );
  const records = smaller.arrivals.map((arrival) => scenario.arrivals.indexOf(arrival));
  const first = violations[0]!;
  return {
    why: `${first.invariant}: ${first.what} (${faultCount(plan)} faults, ${records.length} records)`,
    ...planned,
    plan,
    records,
  };
}

function digestOf(trace: readonly string[]): string {
  const hash = createHash('sha256');
  for (const line of trace) hash.update(line).update('\n');
  return hash.digest('hex').slice(0, 16);
}

function addAll(sums: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
}
