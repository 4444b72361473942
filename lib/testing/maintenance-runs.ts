// Runs of maintenance: as faults, at the scenario's pace, and at leisure when faults are over.

import { SINGLE_STAGE } from '../contract/keys.ts';
import { sourceOf } from '../plan/plan.ts';
import { maintain } from '../runtime/maintenance.ts';
import type { ErrorWatch } from './error-watch.ts';
import { MINUTE_MS, type Run } from './run.ts';
import type { Sandboxes } from './sandboxes.ts';

export class MaintenanceRuns {
  private readonly run: Run;
  private readonly sandboxes: Sandboxes;
  private readonly errors: ErrorWatch;
  private count = 0;

  constructor(run: Run, sandboxes: Sandboxes, errors: ErrorWatch) {
    this.run = run;
    this.sandboxes = sandboxes;
    this.errors = errors;
  }

  /** Starts one; whatever it comes to, the run goes on. */
  start(): void {
    const { pipeline, scenario, scheduler } = this.run;
    this.count += 1;
    const chance = this.run.chanceOf('maintenance', this.count);
    const sandbox = this.sandboxes.forMaintenance();
    const of = {
      pipeline: pipeline.name,
      stage: SINGLE_STAGE,
      source: sourceOf(pipeline).name,
      ringSize: scenario.ringSize,
    };
    scheduler.after(chance.between(5 * MINUTE_MS, 15 * MINUTE_MS), () => sandbox.die());
    maintain(this.sandboxes.portsOf(sandbox), of).catch((error: unknown) => {
      if (!sandbox.isDead) this.errors.failed(sandbox, error);
    });
  }
}
