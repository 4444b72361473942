// An invocation or a run of maintenance may fail only for a reason that the faults explain.

import { EngineError } from '../../model/errors.ts';
import type { Deployment } from '../world/deployment.ts';
import type { Losses } from '../world/losses.ts';
import type { Run } from '../world/run.ts';
import type { Sandbox } from '../world/sandbox.ts';

export class ErrorWatch {
  private readonly run: Run;
  private readonly deployment: Deployment;
  private readonly losses: Losses;

  constructor(run: Run, deployment: Deployment, losses: Losses) {
    this.run = run;
    this.deployment = deployment;
    this.losses = losses;
  }

  /** What runs in a sandbox failed with `error`. */
  failed(sandbox: Sandbox, error: unknown): void {
    const { reached } = this.run;
    this.run.note(`error ${String(error)}`);
    if (!(error instanceof EngineError)) {
      this.run.report(
        'I12',
        `an untyped error: ${error instanceof Error ? error.stack : String(error)}`,
      );
      return;
    }
    const { kind, code, message } = error;
    const { destroyed, logs } = this.losses;
    if (kind === 'unavailable') return;
    const isDamage = code === 'object-corrupt' || code === 'object-missing';
    const unreadable = [...destroyed, ...sandbox.damagedKeys];
    if (kind === 'data' && isDamage && unreadable.some((key) => message.includes(key))) return;
    if (code === 'log-corrupt' && [...logs].some((log) => message.includes(log))) {
      reached.count('hole in a log refused');
      return;
    }
    if (kind === 'invalid' && code === 'AccessDeniedException' && sandbox.isDenied) return;
    if (kind === 'invalid' && code === 'older-deploy' && this.deployment.version > 1) {
      reached.count('older deploy refused');
      return;
    }
    this.run.report('I12', `${kind}: ${message}`);
  }
}
