// Maintenance and what it is for: a sandbox that begins anew reads the checkpoint, not the whole log.

import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { aDayOf, MARCH_MS } from '../../support/departures.ts';
import type { Clients } from './clients.ts';
import { type Authorship, authorshipOf, type CheckpointName, pointerOf } from './commits.ts';
import type { Delays } from './delays.ts';
import { invoke } from './deliveries.ts';
import { until } from './poll.ts';
import { deliverOneByOne } from './redelivery.ts';
import type { Suite } from './suite.ts';

/** The engine folds a log into its first checkpoint after as many commits. */
const COMMITS = 256;
/** A log that outweighs half of its snapshot is folded again. */
const COMMITS_AFTER = 24;
const HOUR_MS = 3_600_000;
const DELETED_PER_REQUEST = 25;
/** The schedule is due each minute. */
const FOLDED_WITHIN_MS = 150_000;

/** Maintenance is run and writes the first checkpoint; everything before it is taken out of the log. */
export async function foldAndForget({ target, raced }: Suite): Promise<void> {
  const { clients } = target;
  await raced.push(aDayOf({ count: COMMITS, fromMs: MARCH_MS + HOUR_MS, seed: 11 }));
  await deliverOneByOne(clients, raced);

  const summary = await invoke(clients, { function: raced.deployed.maintenance });

  expect(summary).toMatchObject({ logs: 1 });
  const checkpoint = await newestOf(clients, raced);
  expect(checkpoint.batchNumber).toBeGreaterThanOrEqual(COMMITS);
  const { Body } = await clients.s3.send(
    new GetObjectCommand({ Bucket: raced.deployed.checkpoints, Key: checkpoint.manifest.key }),
  );
  const manifest = JSON.parse(await Body!.transformToString());
  expect(manifest).toMatchObject({ header: { batchNumber: checkpoint.batchNumber } });
  expect(manifest.segments.length).toBeGreaterThan(0);
  await removeBefore(clients, raced, checkpoint);
  await raced.expectExact();
}

/** New sandboxes go on from a log that no longer holds what the checkpoint covers. */
export async function startCold({ target, raced }: Suite): Promise<void> {
  const { clients } = target;
  const before = await commitsOf(clients, raced);
  const known = await newestOf(clients, raced);
  expect(before[0]!.batchNumber).toBeGreaterThan(1);
  await raced.push(aDayOf({ count: COMMITS_AFTER, fromMs: MARCH_MS + 3 * HOUR_MS, seed: 13 }));
  await deliverOneByOne(clients, raced);

  const last = before.at(-1)!;
  const first = (await commitsOf(clients, raced)).find(
    ({ batchNumber }) => batchNumber === last.batchNumber + 1,
  );
  expect(first).toMatchObject({ checkpoint: `${known.batchNumber}:${known.fold}` });
  expect(first!.deployEpoch).toBeGreaterThan(last.deployEpoch);
  await raced.expectExact();
}

/** The schedule of the template runs maintenance: the checkpoint moves, and nobody here moved it. */
export async function awaitSchedule({ target, raced }: Suite): Promise<void> {
  const { clients } = target;
  const last = (await commitsOf(clients, raced)).at(-1)!;
  await until(
    'a checkpoint by the schedule',
    () => newestOf(clients, raced),
    ({ batchNumber }) => batchNumber > last.batchNumber - COMMITS_AFTER,
    FOLDED_WITHIN_MS,
  );
  await raced.expectExact();
}

const commitsOf = (clients: Clients, { deployed }: Delays) => authorshipOf(clients, deployed);

async function newestOf(clients: Clients, raced: Delays): Promise<CheckpointName> {
  const { newest } = await pointerOf(clients, raced.deployed, await logOf(clients, raced));
  if (newest === null) throw new Error('no checkpoint was written');
  return newest;
}

/** The one log of the pipeline: it has one shard. */
async function logOf(clients: Clients, raced: Delays): Promise<string> {
  const logs = new Set((await commitsOf(clients, raced)).map(({ log }) => log));
  const [log, ...others] = logs;
  if (log === undefined || others.length > 0) throw new Error(`there are ${logs.size} logs`);
  return log;
}

/**
 * Takes the commits that a checkpoint covers out of their slots, which no recovery needs. Whoever does
 * not begin at the checkpoint stops at the hole.
 */
async function removeBefore(
  clients: Clients,
  raced: Delays,
  checkpoint: CheckpointName,
): Promise<void> {
  const covered = (await commitsOf(clients, raced)).filter(
    ({ batchNumber }) => batchNumber < checkpoint.batchNumber,
  );
  const keyOf = ({ log, batchNumber }: Authorship) => ({
    pk: { S: log },
    sk: { N: String(batchNumber) },
  });
  for (let from = 0; from < covered.length; from += DELETED_PER_REQUEST) {
    const requests = covered
      .slice(from, from + DELETED_PER_REQUEST)
      .map((commit) => ({ DeleteRequest: { Key: keyOf(commit) } }));
    await clients.dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [raced.deployed.log]: requests } }),
    );
  }
}
