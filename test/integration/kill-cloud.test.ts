import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { createStreamWriter } from '../../localstack/demo/push.ts';
import { differencesFrom, recordsCommitted } from '../support/delays.ts';
import { aDayOf, aRecordOf } from '../support/departures.ts';
import { type RunningCloud, startCloud } from '../support/running-cloud.ts';
import { eventsInStream } from '../support/stream-oracle.ts';

const EVENTS_PER_LIFE = 15_000;
/** How long each life lasts after its pushing began: in pushing, in the first batches, after them. */
const LIVES_MS = [400, 1_500, 4_000];

let cloud: RunningCloud | undefined;
const folder = mkdtempSync(join(tmpdir(), 'rivulet-kill-cloud-'));
afterEach(async () => {
  await cloud?.killAll();
  rmSync(folder, { recursive: true, force: true });
});

it('the whole cloud killed at any moment goes on from its folder, exactly', {
  timeout: 240_000,
}, async () => {
  const departures = aDayOf({ count: EVENTS_PER_LIFE * (LIVES_MS.length + 1), seed: 30 });
  let from = 0;
  let acknowledged = 0;
  const push = async () => {
    const { clients, delays } = cloud!;
    const writer = await createStreamWriter(clients.kinesis, delays.stream);
    const part = departures.slice(from, from + EVENTS_PER_LIFE);
    from += EVENTS_PER_LIFE;
    await writer.push(part.map(aRecordOf), (count) => {
      acknowledged += count;
    });
    return writer;
  };
  for (const lifeMs of LIVES_MS) {
    cloud = await startCloud(['--data', folder]);
    // Puts in flight when everything dies fail, as they must; whether they count, the stream says.
    const pushing = push().catch(() => {});
    await wait(lifeMs);
    await cloud.killAll();
    await pushing;
  }

  cloud = await startCloud(['--data', folder]);
  const writer = await push();
  const events = await eventsInStream(cloud, writer);
  expect(events.length).toBeGreaterThanOrEqual(acknowledged);
  await expect.poll(() => recordsCommitted(cloud!), { timeout: 90_000 }).toBe(events.length);
  await expect
    .poll(() => differencesFrom(cloud!, events, writer.shardOf), { timeout: 30_000 })
    .toEqual([]);
});
