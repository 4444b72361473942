// Runs of maintenance: as faults, at the scenario's pace, and at leisure when faults are over.

import { SINGLE_STAGE } from '../../contract/keys.ts';
import { maintain } from '../../runtime/maintenance.ts';
import type { ErrorWatch } from '../watch/error-watch.ts';
import type { StorageWatch } from '../watch/storage-watch.ts';
import type { Deployment } from './deployment.ts';
import { MINUTE_MS, type Run } from './run.ts';
import type { Sandboxes } from './sandboxes.ts';

export class MaintenanceRuns {
  private readonly run: Run;
  private readonly deployment: Deployment;
  private readonly sandboxes: Sandboxes;
  private readonly errors: ErrorWatch;
  private readonly storage: StorageWatch;
  private count = 0;

  constructor(options: {
    readonly run: Run;
    readonly deployment: Deployment;
    readonly sandboxes: Sandboxes;
    readonly errors: ErrorWatch;
    readonly storage: StorageWatch;
  }) {
    this.run = options.run;
    this.deployment = options.deployment;
    this.sandboxes = options.sandboxes;
    this.errors = options.errors;
    this.storage = options.storage;
  }

  /** Starts one; whatever it comes to, the run goes on. */
  start(): void {
    const { pipeline, scenario, scheduler } = this.run;
    this.count += 1;
    const chance = this.run.chanceOf('maintenance', this.count);
    const sandbox = this.sandboxes.forMaintenance(chance);
    this.storage.began(sandbox);
    const of = {
      pipeline: pipeline.name,
      stage: SINGLE_STAGE,
      sources: this.deployment.sources,
      inOneTask: pipeline.inOneTask,
      ringSize: scenario.ringSize,
    };
    scheduler.after(chance.between(5 * MINUTE_MS, 15 * MINUTE_MS), () => sandbox.die());
    maintain(this.sandboxes.portsOf(sandbox), of).then(
      () => this.storage.ended(sandbox),
      (error: unknown) => {
        if (!sandbox.isDead) this.errors.failed(sandbox, error);
      },
    );
  }
}
