// One run of the suite: the target, the stacks in it, what the probe found, and what became of each
// scenario.

import type { TestContext } from 'vitest';
import { type Delays, openDelays } from './delays.ts';
import { type Deployed, type Deployment, pipelineOf, planDeployment } from './deployment.ts';
import {
  type Ability,
  type Lack,
  probeChangedAliases,
  probeClosedShards,
  probePartialBatches,
  probeSchedules,
  probeTimeToLive,
} from './probe/probe.ts';
import type { ScenarioResult } from './report.ts';
import { type Resource, resourcesOf } from './resources.ts';
import { openTarget, type Target } from './target.ts';

export interface Suite {
  readonly target: Target;
  readonly deployment: Deployment;
  /** The example, retained. */
  readonly kept: Delays;
  /** The example without a mapping: only the suite invokes it. */
  readonly raced: Delays;
  readonly mortal: Deployed;
  readonly resharded: Deployed;
  readonly slow: Deployed;
  /** All resources of the stacks. */
  readonly resources: readonly Resource[];
  readonly lacks: Readonly<Record<Ability, Promise<Lack>>>;
}

/** Brings everything up; what is made before a failure is in `begun`. */
export async function openSuite(begun: {
  target?: Target;
  deployment?: Deployment;
  probes?: readonly Promise<Lack>[];
  resources?: readonly Resource[];
}): Promise<Suite> {
  const target = await openTarget();
  begun.target = target;
  const { clients } = target;
  const deployment = planDeployment(target);
  begun.deployment = deployment;
  const { run, stacks } = deployment;
  const closedShards = asked(probeClosedShards(clients, `rivulet-${run}`));
  begun.probes = [closedShards];
  await deployment.bootstrap();
  const outputs = await deployment.deploy('first');
  const lists = Object.values(stacks).map((stack) => resourcesOf(target, stack));
  const resources = (await Promise.all(lists)).flat();
  begun.resources = resources;
  const of = (stack: string, name: string) => pipelineOf(outputs[stack]!, name);
  const kept = of(stacks.kept, 'delays');
  const probe = outputs[stacks.probe]!;
  return {
    target,
    deployment,
    kept: await openDelays(clients, kept),
    raced: await openDelays(clients, of(stacks.gone, 'delays')),
    mortal: of(stacks.gone, 'mortal'),
    resharded: of(stacks.gone, 'resharded'),
    slow: of(stacks.gone, 'slow'),
    resources,
    lacks: {
      'closed-shards': closedShards,
      'partial-batches': asked(probePartialBatches(clients, probe)),
      'time-to-live': asked(probeTimeToLive(clients, kept)),
      schedules: asked(probeSchedules(clients, probe)),
      'changed-aliases': asked(
        probeChangedAliases(clients, outputs[stacks.changing]!, () =>
          deployment.deploy('second', [stacks.changing]),
        ),
      ),
    },
  };
}

/** Runs a scenario, unless the target lacks what it needs, and notes what became of it. */
export async function play(
  scenario: {
    readonly name: string;
    readonly needs: readonly Ability[];
    readonly lacks: Suite['lacks'];
    readonly results: ScenarioResult[];
    readonly context: TestContext;
  },
  run: () => Promise<void>,
): Promise<void> {
  const { name, results } = scenario;
  const startMs = performance.now();
  const note = (outcome: ScenarioResult['outcome'], reason = '') =>
    results.push({
      scenario: name,
      outcome,
      reason,
      seconds: (performance.now() - startMs) / 1_000,
    });
  for (const need of scenario.needs) {
    const lack = await scenario.lacks[need];
    if (lack === null) continue;
    note('skipped', lack);
    scenario.context.skip(lack);
  }
  try {
    await run();
    note('passed');
  } catch (error) {
    note('failed', (error as Error).message);
    throw error;
  }
}

/** A question whose answer may come before anybody waits for it. */
function asked(answer: Promise<Lack>): Promise<Lack> {
  answer.catch(() => undefined);
  return answer;
}
