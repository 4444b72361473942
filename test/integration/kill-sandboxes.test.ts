import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '../../localstack/demo/flights.ts';
import { createStreamWriter } from '../../localstack/demo/push.ts';
import { commitsOf, differencesFrom, recordsCommitted } from '../support/delays.ts';
import { aDayOf, aRecordOf } from '../support/departures.ts';
import { type RunningCloud, startCloud } from '../support/running-cloud.ts';

const EVENTS = 100_000;
const SEED = 20;
const KILLS = 12;
/** Longest pause before a kill: some batches end within it, others do not. */
const PAUSE_MS = 2_000;

let cloud: RunningCloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud?.killAll());

it('sandboxes killed at random moments lose nothing and count nothing twice', {
  timeout: 240_000,
}, async () => {
  const random = seededRandom(SEED);
  const departures = aDayOf({ count: EVENTS, seed: SEED });
  const writer = await createStreamWriter(cloud.clients.kinesis, cloud.delays.stream);
  const slice = Math.ceil(EVENTS / KILLS);
  for (let from = 0; from < EVENTS; from += slice) {
    await writer.push(departures.slice(from, from + slice).map(aRecordOf), () => {});
    await wait(random() * PAUSE_MS);
    await expect.poll(() => cloud.sandboxPids().length).toBeGreaterThan(0);
    const pids = cloud.sandboxPids();
    process.kill(pids[Math.floor(random() * pids.length)]!, 'SIGKILL');
  }
  await expect.poll(() => recordsCommitted(cloud), { timeout: 120_000 }).toBe(EVENTS);

  await expect
    .poll(() => differencesFrom(cloud, departures, writer.shardOf), { timeout: 30_000 })
    .toEqual([]);
  const commits = await commitsOf(cloud);
  for (const { counts } of commits) {
    expect(counts.in).toBe(
      counts.duplicate + counts.dead + counts.late + counts.filtered + counts.applied,
    );
  }
});
