import { describe, expect, it } from 'vitest';
import { calmPlan, type FaultPlan, faultCount } from '../../../../lib/testing/faults/fault-plan.ts';
import { shrinkPlan } from '../../../../lib/testing/faults/shrink.ts';
import type { Scenario } from '../../../../lib/testing/world/scenario.ts';

const scenarioOf = (recordCount: number): Scenario => ({
  name: 'any',
  plan: () => {
    throw new Error('a shrink runs nothing itself');
  },
  arrivals: Array.from({ length: recordCount }, (_, atMs) => ({
    atMs,
    partitionKey: 'key',
    data: new Uint8Array(),
  })),
  shardCount: 1,
  ringSize: 6,
  batchSize: 10,
});

const plan: FaultPlan = {
  seed: 7,
  calls: Array.from({ length: 40 }, (_, call) => ({ call, kind: 'crash-after' })),
  invocations: [
    { invocation: 1, kind: 'cold' },
    { invocation: 2, kind: 'twice' },
  ],
  world: [{ atMs: 5, kind: 'deploy' }],
};

const hasCall = (some: FaultPlan, place: number) =>
  some.calls.some((fault) => 'call' in fault && fault.call === place);

describe('shrinking a failing run', () => {
  it('leaves the faults and records that it takes, in their order', async () => {
    const fails = async (scenario: Scenario, some: FaultPlan) =>
      hasCall(some, 3) &&
      hasCall(some, 31) &&
      some.invocations.some(({ kind }) => kind === 'twice') &&
      [4, 20].every((atMs) => scenario.arrivals.some((arrival) => arrival.atMs === atMs));
    const shrunk = await shrinkPlan(scenarioOf(30), plan, fails);
    expect(shrunk.plan).toEqual({
      seed: 7,
      calls: [
        { call: 3, kind: 'crash-after' },
        { call: 31, kind: 'crash-after' },
      ],
      invocations: [{ invocation: 2, kind: 'twice' }],
      world: [],
    });
    expect(shrunk.scenario.arrivals.map(({ atMs }) => atMs)).toEqual([4, 20]);
  });

  it('takes all faults out where none is needed', async () => {
    const fails = async ({ arrivals }: Scenario) => arrivals.some(({ atMs }) => atMs === 9);
    const shrunk = await shrinkPlan(scenarioOf(30), plan, fails);
    expect(shrunk.plan).toEqual(calmPlan(7));
    expect(shrunk.scenario.arrivals.map(({ atMs }) => atMs)).toEqual([9]);
  });

  it('takes out faults that only mattered among records that are gone', async () => {
    const fails = async ({ arrivals }: Scenario, some: FaultPlan) =>
      arrivals.length < 10 || some.world.length === 1;
    const shrunk = await shrinkPlan(scenarioOf(30), plan, fails);
    expect(faultCount(shrunk.plan)).toBe(0);
  });

  it('spends no more runs than it may and hands back the last one that failed', async () => {
    const seen: FaultPlan[] = [];
    const fails = async (_: Scenario, some: FaultPlan) => {
      if (hasCall(some, 3)) seen.push(some);
      return hasCall(some, 3);
    };
    const shrunk = await shrinkPlan(scenarioOf(1), plan, fails, { runsMax: 5 });
    expect(shrunk.runCount).toBe(5);
    expect(shrunk.plan).toEqual(seen.at(-1));
  });

  it('hands a run that does not fail back as it is', async () => {
    const shrunk = await shrinkPlan(scenarioOf(3), plan, async () => false);
    expect(shrunk.plan).toEqual(plan);
    expect(shrunk.scenario.arrivals).toHaveLength(3);
  });
});
