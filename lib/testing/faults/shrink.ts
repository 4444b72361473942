// Makes a failing run smaller: fewer faults first, because a plan with one fault tells its story, then
// fewer records, then faults once more, since some of them only struck among the records that are
// gone. Whatever is handed back was seen to fail.

import type { Arrival, Scenario } from '../world/scenario.ts';
import type { CallFault, FaultPlan, InvocationFault, WorldFault } from './fault-plan.ts';

/** Whether a run still fails, and in the same way. */
export type StillFails = (scenario: Scenario, plan: FaultPlan) => Promise<boolean>;

export interface ShrinkOptions {
  /**
   * Runs that may be spent.
   * @default 300
   */
  readonly runsMax?: number;
}

/** The smallest failing run that was found. */
export interface Shrunk {
  readonly scenario: Scenario;
  readonly plan: FaultPlan;
  /** Runs that were spent. */
  readonly runCount: number;
}

/**
 * Takes faults and records out of a failing run for as long as it fails. `plan` and `scenario` are
 * expected to fail together; where they do not, they come back as they are.
 */
export async function shrinkPlan(
  scenario: Scenario,
  plan: FaultPlan,
  stillFails: StillFails,
  { runsMax = 300 }: ShrinkOptions = {},
): Promise<Shrunk> {
  const budget = new Budget(runsMax);
  let faults = faultsOf(plan);
  let { arrivals } = scenario;
  const fails = (nextArrivals: readonly Arrival[], nextFaults: readonly AnyFault[]) =>
    stillFails({ ...scenario, arrivals: nextArrivals }, withFaults(plan, nextFaults));
  const fewerFaults = () => smallest(faults, (some) => fails(arrivals, some), budget);
  faults = await fewerFaults();
  arrivals = await smallest(arrivals, (some) => fails(some, faults), budget);
  faults = await fewerFaults();
  return {
    scenario: { ...scenario, arrivals },
    plan: withFaults(plan, faults),
    runCount: budget.spent,
  };
}

type AnyFault =
  | { readonly of: 'call'; readonly fault: CallFault }
  | { readonly of: 'invocation'; readonly fault: InvocationFault }
  | { readonly of: 'world'; readonly fault: WorldFault };

const faultsOf = (plan: FaultPlan): readonly AnyFault[] => [
  ...plan.world.map((fault) => ({ of: 'world', fault }) as const),
  ...plan.invocations.map((fault) => ({ of: 'invocation', fault }) as const),
  ...plan.calls.map((fault) => ({ of: 'call', fault }) as const),
];

function withFaults(plan: FaultPlan, faults: readonly AnyFault[]): FaultPlan {
  return {
    seed: plan.seed,
    calls: faults.flatMap((each) => (each.of === 'call' ? [each.fault] : [])),
    invocations: faults.flatMap((each) => (each.of === 'invocation' ? [each.fault] : [])),
    world: faults.flatMap((each) => (each.of === 'world' ? [each.fault] : [])),
  };
}

class Budget {
  spent = 0;
  private readonly runsMax: number;

  constructor(runsMax: number) {
    this.runsMax = runsMax;
  }

  /** Takes one run, if there is one left. */
  take(): boolean {
    if (this.spent >= this.runsMax) return false;
    this.spent += 1;
    return true;
  }
}

/**
 * Delta debugging: cuts the items into parts and drops every part without which the run still fails,
 * with ever smaller parts down to single items. Nothing at all is tried first.
 */
async function smallest<Item>(
  items: readonly Item[],
  fails: (some: readonly Item[]) => Promise<boolean>,
  budget: Budget,
): Promise<readonly Item[]> {
  if (items.length === 0) return items;
  if (budget.take() && (await fails([]))) return [];
  let left = items;
  let partCount = 2;
  while (left.length > 1) {
    const fewer = await withoutOnePart(left, Math.min(partCount, left.length), fails, budget);
    if (fewer === 'out of budget') return left;
    if (fewer !== null) {
      left = fewer;
      partCount = Math.max(2, partCount - 1);
    } else if (partCount >= left.length) {
      return left;
    } else {
      partCount *= 2;
    }
  }
  return left;
}

async function withoutOnePart<Item>(
  items: readonly Item[],
  partCount: number,
  fails: (some: readonly Item[]) => Promise<boolean>,
  budget: Budget,
): Promise<readonly Item[] | 'out of budget' | null> {
  for (let part = 0; part < partCount; part += 1) {
    const from = Math.floor((items.length * part) / partCount);
    const to = Math.floor((items.length * (part + 1)) / partCount);
    const rest = [...items.slice(0, from), ...items.slice(to)];
    if (!budget.take()) return 'out of budget';
    if (await fails(rest)) return rest;
  }
  return null;
}
