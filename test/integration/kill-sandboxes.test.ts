import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '../../localstack/demo/flights.ts';
import { createStreamWriter } from '../../localstack/demo/push.ts';
import { commitsOf, differencesFrom, recordsCommitted } from '../support/delays.ts';
import { aDayOf, aRecordOf } from '../support/departures.ts';
import { type RunningCloud, startCloud } from '../support/running-cloud.ts';

const EVENTS = 100_000;
const SEED = 20;
/** Longest pause between two kills; a batch takes about as long as that. */
const PAUSE_MS = 800;

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
  let isDone = false;
  let killed = 0;
  const killing = (async () => {
    while (!isDone) {
      const pids = cloud.sandboxPids();
      const pid = pids[Math.floor(random() * pids.length)];
      if (pid !== undefined) {
        process.kill(pid, 'SIGKILL');
        killed += 1;
      }
      await wait(random() * PAUSE_MS);
    }
  })();

  const half = EVENTS / 2;
  await writer.push(departures.slice(0, half).map(aRecordOf), () => {});
  await writer.push(departures.slice(half).map(aRecordOf), () => {});
  await expect
    .poll(() => recordsCommitted(cloud), { timeout: 40_000 })
    .toBeGreaterThan(EVENTS / 2)
    .finally(() => {
      isDone = true;
    });
  await killing;
  await expect.poll(() => recordsCommitted(cloud), { timeout: 120_000 }).toBe(EVENTS);

  expect(killed).toBeGreaterThan(3);
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
