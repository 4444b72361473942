// The plans of a campaign, by number: which scenario runs under which faults is decided by the mode
// and the index alone, so any part of a campaign can be run anywhere and again.

import {
  CALL_FAULTS,
  type CallFault,
  calmPlan,
  type FaultPlan,
} from '../../lib/testing/faults/fault-plan.ts';
import { type RunSize, randomPlan } from '../../lib/testing/faults/random-plan.ts';
import { runScenario } from '../../lib/testing/world/world.ts';
import type { JudgedScenario } from './judge.ts';
import type { Size } from './scenarios/build.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';

/** `random`: one plan a seed. The others go through every call of one small run. */
export type Mode = 'random' | 'exhaustive' | 'pairs' | 'walk';

/** One run of a campaign. */
export interface PlannedRun {
  readonly scenarioName: string;
  /** Seed of the scenario's records. */
  readonly seed: number;
  readonly size: Size;
  readonly plan: FaultPlan;
}

/** Six kinds of faults that can strike any call, whatever it does. */
const PAIR_FAULTS = [
  'throttle',
  'lose-reply',
  'fail-after',
  'crash-before',
  'crash-after',
  'hold',
] as const;

/** Pairs of one scenario that are run at most; beyond it they are spread evenly. */
const PAIRS_MAX = 100_000;

const SMALL_SEED = 1;
const sizes = new Map<string, Promise<RunSize>>();

export const buildScenario = ({ scenarioName, seed, size }: Omit<PlannedRun, 'plan'>) => {
  const build = SCENARIOS[scenarioName];
  if (build === undefined) {
    throw new Error(`there is no scenario ${scenarioName}: ${Object.keys(SCENARIOS).join(', ')}`);
  }
  return build(seed, size);
};

/** How many runs a mode has for a scenario. */
export async function runCountOf(mode: Mode, scenarioName: string): Promise<number> {
  const { callCount } = await sizeOf(scenarioName, 'small');
  switch (mode) {
    case 'random':
      return Infinity;
    case 'exhaustive':
      return callCount * CALL_FAULTS.length;
    case 'pairs':
      return Math.min(PAIRS_MAX, (callCount * PAIR_FAULTS.length) ** 2);
    case 'walk':
      return callCount;
  }
}

/** The run of a mode with this number; `random` takes scenarios in turn, the others one after the other. */
export async function plannedRun(
  mode: Mode,
  index: number,
  scenarioNames: readonly string[],
): Promise<PlannedRun> {
  if (mode === 'random') {
    const scenarioName = scenarioNames[index % scenarioNames.length]!;
    const size = await sizeOf(scenarioName, 'full');
    return { scenarioName, seed: index, size: 'full', plan: randomPlan(index, size) };
  }
  const { scenarioName, place } = await placeOf(mode, index, scenarioNames);
  const calls = await callFaultsOf(mode, place, scenarioName);
  const plan = { ...calmPlan(SMALL_SEED), calls };
  return { scenarioName, seed: SMALL_SEED, size: 'small', plan };
}

/** The scenarios' runs stand one after the other. */
async function placeOf(
  mode: Mode,
  index: number,
  scenarioNames: readonly string[],
): Promise<{ readonly scenarioName: string; readonly place: number }> {
  let place = index;
  for (const scenarioName of scenarioNames) {
    const count = await runCountOf(mode, scenarioName);
    if (place < count) return { scenarioName, place };
    place -= count;
  }
  throw new Error(`mode ${mode} has no run ${index}`);
}

async function callFaultsOf(
  mode: Exclude<Mode, 'random'>,
  place: number,
  scenarioName: string,
): Promise<readonly CallFault[]> {
  const { callCount } = await sizeOf(scenarioName, 'small');
  switch (mode) {
    case 'exhaustive': {
      const kind = CALL_FAULTS[place % CALL_FAULTS.length]!;
      return [{ call: Math.floor(place / CALL_FAULTS.length), kind }];
    }
    case 'pairs': {
      const singles = callCount * PAIR_FAULTS.length;
      const runs = Math.min(PAIRS_MAX, singles ** 2);
      const pair = Math.floor((place * singles ** 2) / runs);
      return [Math.floor(pair / singles), pair % singles].map((single) => ({
        call: Math.floor(single / PAIR_FAULTS.length),
        kind: PAIR_FAULTS[single % PAIR_FAULTS.length]!,
      }));
    }
    case 'walk':
      return walkFrom(place, callCount);
  }
}

/** Allows `first` calls, then ends the sandbox, allows one more than that, and so on. */
function walkFrom(first: number, callCount: number): readonly CallFault[] {
  const faults: CallFault[] = [];
  let call = first;
  for (let allowed = first + 1; call < 3 * callCount; allowed += 1) {
    faults.push({ call, kind: 'crash-before' });
    call += allowed;
  }
  return faults;
}

/** What a scenario takes when nothing goes wrong. */
function sizeOf(scenarioName: string, size: Size): Promise<RunSize> {
  const known = sizes.get(`${scenarioName} ${size}`);
  if (known !== undefined) return known;
  const measured = measure(buildScenario({ scenarioName, seed: SMALL_SEED, size }));
  sizes.set(`${scenarioName} ${size}`, measured);
  return measured;
}

async function measure(scenario: JudgedScenario): Promise<RunSize> {
  const { callCount, invocationCount } = await runScenario(scenario, calmPlan(SMALL_SEED));
  const durationMs = Math.max(...scenario.arrivals.map(({ atMs }) => atMs)) + 60_000;
  return { callCount, invocationCount, durationMs };
}
