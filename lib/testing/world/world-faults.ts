// The faults that strike the world and not one call or invocation: outages, deaths of all processes,
// deploys, things that are destroyed.

import type { WorldFaultKind } from '../faults/fault-plan.ts';
import { ENGINE_BUCKET } from '../watch/sink-watch.ts';
import type { Watchers } from '../watch/watchers.ts';
import { type Deployment, LOG_TABLE } from './deployment.ts';
import type { Invocations } from './invocations.ts';
import type { Losses } from './losses.ts';
import type { MaintenanceRuns } from './maintenance-runs.ts';
import type { Outages } from './outages.ts';
import type { Run } from './run.ts';
import type { Sandboxes } from './sandboxes.ts';

export interface Struck {
  readonly run: Run;
  readonly deployment: Deployment;
  readonly sandboxes: Sandboxes;
  readonly invocations: Invocations;
  readonly maintenance: MaintenanceRuns;
  readonly watchers: Watchers;
  readonly outages: Outages;
  readonly losses: Losses;
}

export function strikeWorld(world: Struck, kind: WorldFaultKind): void {
  const { run, invocations } = world;
  run.note(`strike ${kind}`);
  invocations.serviceChanged = true;
  if (hasEffect(world, kind)) run.faults.worldStruck(kind);
}

/** Lets a fault happen and says whether it changed anything by now; an outage does at its first call. */
function hasEffect(world: Struck, kind: WorldFaultKind): boolean {
  const { run, deployment, sandboxes, invocations, maintenance, outages } = world;
  switch (kind) {
    case 'maintain':
      maintenance.start();
      return true;
    case 'maintain-twice':
      maintenance.start();
      maintenance.start();
      return true;
    case 'kill-all':
      invocations.abandonAll();
      return sandboxes.killAll();
    case 'recycle':
      return sandboxes.recycle();
    case 'deploy':
      deployment.deployAgain();
      return true;
    case 'destroy-checkpoint':
      return destroyCheckpoint(world);
    case 'outage':
    case 'sink-outage':
    case 'no-puts':
      outages.begin(kind);
      return false;
    case 'lose-commit':
      return run.scenario.losingCommits === true && loseCommit(world);
    case 'reshard':
      if (run.scenario.resharding !== true) return false;
      deployment.reshard();
      return true;
  }
}

/** The newest checkpoint loses an object, where an older one can still serve. */
function destroyCheckpoint({ run, watchers, losses }: Struck): boolean {
  for (const log of watchers.journal.logIds) {
    const pointer = watchers.checkpoints.pointerOf(log);
    if (pointer === undefined || pointer.previous === null) continue;
    const { key: Key } = pointer.newest.manifest;
    if (losses.destroyed.has(Key)) continue;
    losses.destroyed.add(Key);
    run.call('s3', 'DeleteObject', { Bucket: ENGINE_BUCKET, Key });
    return true;
  }
  return false;
}

/** One of the commits between the newest checkpoint and the head; what comes last is not missed. */
function loseCommit({ run, watchers, losses }: Struck): boolean {
  for (const log of watchers.journal.logIds) {
    const head = watchers.journal.headOf(log)!.commit.header;
    const first = Math.max(1, watchers.checkpoints.pointerOf(log)?.newest.batchNumber ?? 1);
    if (first >= head.batchNumber || losses.logs.has(log)) continue;
    const slot = run.chance.between(first, head.batchNumber - 1) % head.ringSize;
    losses.logs.add(log);
    run.call('dynamodb', 'DeleteItem', {
      TableName: LOG_TABLE,
      Key: { pk: { S: log }, sk: { N: String(slot) } },
    });
    return true;
  }
  return false;
}
