// What all parts of one run share: its scenario and faults, virtual time, the cloud, and the record of
// what happened.

import { quiet } from '../../adapters/system/quiet.ts';
import { type Cloud, createCloud } from '../../cloud/cloud.ts';
import type { Plan } from '../../plan/plan.ts';
import { type Chance, chanceOf } from '../faults/chance.ts';
import type { FaultPlan } from '../faults/fault-plan.ts';
import { FaultSelection } from '../faults/fault-selection.ts';
import { ReachedStates } from '../faults/reached-states.ts';
import type { Process, Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';

const DEFAULT_START_MS = Date.UTC(2026, 0, 1);
export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

/** No code of a plan runs outside of the sandboxes. */
const NOWHERE: Process = {
  end: () => outside(),
  get dynamodb() {
    return outside();
  },
};

const outside = (): never => {
  throw new Error('code of the pipeline ran outside of a sandbox');
};

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

export class Run {
  readonly scenario: Scenario;
  readonly pipeline: Plan;
  readonly startMs: number;
  readonly faults: FaultSelection;
  /** For all that is neither a fault of the plan nor an order of events. */
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly cloud: Cloud;
  readonly reached = new ReachedStates();
  readonly violations: Violation[] = [];
  /** One line for everything that happened, in order. */
  readonly trace: string[] = [];
  /** Whether the cloud broke a promise that everything rests on, so that nothing can be judged. */
  isForfeit = false;
  /** Whether faults are over. */
  calm = false;

  constructor(scenario: Scenario, plan: FaultPlan) {
    this.scenario = scenario;
    this.startMs = scenario.startMs ?? DEFAULT_START_MS;
    this.faults = new FaultSelection(plan);
    this.chance = chanceOf(plan.seed, 'world');
    this.scheduler = new Scheduler({
      startMs: this.startMs,
      chance: chanceOf(plan.seed, 'order'),
      quiet,
    });
    this.cloud = createCloud({
      seed: plan.seed,
      retryBoundaries: this.chance.percent(50) ? 'varied' : 'same',
      // Hours of failures would otherwise be thousands of retries.
      retryDelayMaxMs: this.isSlowToRetry ? 300_000 : this.chance.pick([1_000, 30_000]),
      readLagMs: this.chance.percent(50) ? () => this.chance.below(MINUTE_MS) : () => 0,
    });
    this.pipeline = scenario.plan(NOWHERE);
  }

  /** The chance of one thing of the run, whatever else happens. */
  chanceOf(...of: readonly (string | number)[]): Chance {
    return chanceOf(this.faults.plan.seed, ...of);
  }

  report(invariant: string, what: string): void {
    this.violations.push({ invariant, what });
    this.note(`violation ${invariant} ${what}`);
  }

  note(what: string): void {
    this.trace.push(`${this.scheduler.nowMs - this.startMs} ${what}`);
  }

  call(
    service: 'kinesis' | 'dynamodb' | 's3' | 'lambda',
    operation: string,
    input: object,
  ): object {
    return this.cloud.call(service, operation, input, this.scheduler.nowMs);
  }

  private get isSlowToRetry(): boolean {
    return this.scenario.longOutages === true || this.scenario.losingCommits === true;
  }
}
