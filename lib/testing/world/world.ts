// A whole deployment in virtual time: stream, mapping, function with its versions and sandboxes,
// commit log, buckets, result table, and the faults of one plan. It runs in two phases: one with
// faults, then one without in which everything must come to its end.

import type { LogId } from '../../model/ids.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RecordOrigin } from '../../runtime/batch.ts';
import type { FaultPlan } from '../faults/fault-plan.ts';
import type { Strike } from '../faults/fault-selection.ts';
import type { Reached } from '../faults/reached-states.ts';
import { ErrorWatch } from '../watch/error-watch.ts';
import type { Journal } from '../watch/journal.ts';
import type { SinkWatch } from '../watch/sink-watch.ts';
import { Watchers } from '../watch/watchers.ts';
import { Deployment, type StreamRecord } from './deployment.ts';
import { Invocations } from './invocations.ts';
import type { Losses } from './losses.ts';
import { MaintenanceRuns } from './maintenance-runs.ts';
import { Network } from './network.ts';
import { Outages } from './outages.ts';
import { DAY_MS, MINUTE_MS, Run, type Violation } from './run.ts';
import { Sandboxes } from './sandboxes.ts';
import type { Arrival, Scenario } from './scenario.ts';
import { strikeWorld } from './world-faults.ts';

export type { Violation } from './run.ts';

/** Everything that is pending when faults end must be done within this time. */
const CONVERGENCE_MS = 12 * 60 * MINUTE_MS;
const INVOCATIONS_MAX = 2_000;
/** A log that has lost a commit is tried again for ever, so that less time is given to its run. */
const LOST_CONVERGENCE_MS = 2 * 60 * MINUTE_MS;

/** What a run came to. */
export interface RunResult {
  readonly violations: readonly Violation[];
  /** One line for everything that happened, in order. */
  readonly trace: readonly string[];
  readonly callCount: number;
  readonly invocationCount: number;
  readonly reached: Reached;
  /** Faults that struck: `operation × kind`, each with its number. */
  readonly struck: ReadonlyMap<string, number>;
  /** The same one by one, in the order in which they struck. */
  readonly strikes: readonly Strike[];
  readonly world: World;
}

/** Runs a scenario under a fault plan, to its end. */
export async function runScenario(scenario: Scenario, plan: FaultPlan): Promise<RunResult> {
  const world = new World(scenario, plan);
  await world.runToEnd();
  return world.result();
}

export class World {
  private readonly run: Run;
  private readonly deployment: Deployment;
  private readonly watchers: Watchers;
  private readonly network: Network;
  private readonly invocations: Invocations;
  private readonly maintenance: MaintenanceRuns;
  private readonly outages: Outages;
  private readonly losses: Losses = { destroyed: new Set(), logs: new Set() };

  constructor(scenario: Scenario, plan: FaultPlan) {
    const run = new Run(scenario, plan);
    const { losses } = this;
    const outages = new Outages(run);
    const deployment = new Deployment(run);
    const watchers = new Watchers(run, deployment, losses);
    const network = new Network({
      seed: plan.seed,
      scheduler: run.scheduler,
      cloud: run.cloud,
      faultOf: (call) => (run.calm ? undefined : run.faults.ofCall(call)),
      onStruck: (kind, call) => run.faults.callStruck(kind, call),
      isDown: (call) => outages.isDown(call),
      onSent: (call) => watchers.sent(call),
      onApplied: (call, answer) => watchers.applied(call, answer),
      slowPercent: run.chance.pick([0, 5, 30]),
    });
    const errors = new ErrorWatch(run, deployment, losses);
    const sandboxes = new Sandboxes({ run, deployment, network, watchers });
    const maintenance = new MaintenanceRuns({
      run,
      deployment,
      sandboxes,
      errors,
      storage: watchers.storage,
    });
    const invocations = new Invocations({ run, deployment, sandboxes, watchers, errors });
    this.run = run;
    this.deployment = deployment;
    this.watchers = watchers;
    this.network = network;
    this.invocations = invocations;
    this.maintenance = maintenance;
    this.outages = outages;
    this.schedule(plan, (kind) =>
      strikeWorld(
        { run, deployment, sandboxes, invocations, maintenance, watchers, outages, losses },
        kind,
      ),
    );
  }

  get startMs(): number {
    return this.run.startMs;
  }

  get pipeline(): Plan {
    return this.run.pipeline;
  }

  get journal(): Journal {
    return this.watchers.journal;
  }

  get sinks(): SinkWatch {
    return this.watchers.sinks;
  }

  /** Logs that have lost a commit: what they hold stays right, and their head may stay unpublished. */
  get lostLogs(): ReadonlySet<LogId> {
    return this.losses.logs;
  }

  /** Whether the cloud broke a promise that everything rests on; the run ended there. */
  get isForfeit(): boolean {
    return this.run.isForfeit;
  }

  /** All shards that there ever were. */
  get shards(): readonly RecordOrigin[] {
    return this.deployment.shards;
  }

  /** Every record that a shard took, in the order of its log. */
  recordsOf(shard: RecordOrigin): readonly StreamRecord[] {
    return this.deployment.recordsOf(shard);
  }

  async runToEnd(): Promise<void> {
    const { run, losses } = this;
    await this.advance(run.startMs + this.lastMs + 5 * MINUTE_MS);
    run.calm = true;
    this.outages.endAll();
    run.note('calm');
    for (const arrival of run.scenario.closing ?? []) this.put(arrival);
    if (run.scenario.tickEveryMs !== undefined) {
      run.scheduler.after(run.scenario.tickEveryMs, () => this.invocations.tickAll());
    }
    const convergenceMs = losses.logs.size > 0 ? LOST_CONVERGENCE_MS : CONVERGENCE_MS;
    await this.advance(run.scheduler.nowMs + convergenceMs);
    if (losses.logs.size === 0 && !this.invocations.isDrained) {
      run.report('I10', 'records are still pending hours after all faults');
    }
    await this.maintainAtEnd();
    if (run.violations.length === 0 && !run.isForfeit) this.watchers.checkAtEnd();
  }

  result(): RunResult {
    const { violations, trace, reached, faults } = this.run;
    return {
      violations,
      trace,
      callCount: this.network.callCount,
      invocationCount: this.invocations.count,
      reached: reached.counts,
      struck: faults.struck,
      strikes: faults.strikes,
      world: this,
    };
  }

  private schedule(plan: FaultPlan, strike: (kind: FaultPlan['world'][number]['kind']) => void) {
    const { scheduler, scenario, startMs } = this.run;
    for (const arrival of scenario.arrivals) {
      scheduler.at(startMs + arrival.atMs, () => this.put(arrival));
    }
    for (const { atMs, kind } of plan.world) scheduler.at(startMs + atMs, () => strike(kind));
    const everyMs = scenario.maintenanceEveryMs ?? Infinity;
    for (let atMs = everyMs; atMs < this.lastMs; atMs += everyMs) {
      scheduler.at(startMs + atMs, () => this.maintenance.start());
    }
    const tickMs = scenario.tickEveryMs ?? Infinity;
    for (let atMs = tickMs; atMs < this.lastMs; atMs += tickMs) {
      scheduler.at(startMs + atMs, () => this.invocations.tickAll());
    }
  }

  /** The last record or fault, from the start of the run. */
  private get lastMs(): number {
    return Math.max(
      0,
      ...this.run.scenario.arrivals.map(({ atMs }) => atMs),
      ...this.run.faults.plan.world.map(({ atMs }) => atMs),
    );
  }

  private put(arrival: Omit<Arrival, 'atMs'>): void {
    this.deployment.put(arrival);
    this.invocations.serviceChanged = true;
  }

  /** Lets everything happen that is due before `untilMs`, or that follows from it. */
  private async advance(untilMs: number): Promise<void> {
    const { scheduler, violations } = this.run;
    for (;;) {
      this.invocations.startDue();
      const nextMs = scheduler.nextMs();
      if (nextMs === null || nextMs > untilMs) break;
      // What follows from a broken invariant says nothing about the others.
      if (violations.length > 0 || this.run.isForfeit) break;
      if (this.invocations.count > INVOCATIONS_MAX) {
        this.run.report('I10', `more than ${INVOCATIONS_MAX} invocations`);
        break;
      }
      await scheduler.step();
    }
    scheduler.nowMs = Math.max(scheduler.nowMs, untilMs);
  }

  /**
   * Maintenance at leisure, then again when objects are old enough to be removed. Most of what it
   * removes is old enough only now, so that the first time its calls are still struck by faults.
   */
  private async maintainAtEnd(): Promise<void> {
    for (let day = 0; day < 3; day += 1) {
      this.run.calm = day !== 1;
      this.maintenance.start();
      await this.advance(this.run.scheduler.nowMs + DAY_MS + MINUTE_MS);
    }
  }
}
