import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClients } from '../../localstack/demo/clients.ts';
import { seededRandom } from '../../localstack/demo/flights.ts';
import { createStreamWriter } from '../../localstack/demo/push.ts';
import type { Places } from '../../localstack/demo/run.ts';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../localstack/embedded/embedded-cloud.ts';
import type { InvocationSettled, InvocationStarted } from '../../localstack/embedded/feed.ts';
import { placesOf } from '../../localstack/pipelines.ts';
import { synthesise } from '../../localstack/synthesise.ts';
import {
  commitsOf,
  type DeployedDelays,
  differencesFrom,
  recordsCommitted,
} from '../support/delays.ts';
import { aDayOf, aRecordOf } from '../support/departures.ts';

const EVENTS = 100_000;
const SEED = 20;
const KILLS = 12;
/** Longest pause before a kill: some batches end within it, others do not. */
const PAUSE_MS = 500;

let cloud: EmbeddedCloud;
let deployed: DeployedDelays;
beforeAll(async () => {
  cloud = await startEmbeddedCloud({ port: 0 });
  const assembly = await synthesise();
  const outputs = await cloud.deploy(assembly.directory).finally(assembly.remove);
  deployed = {
    clients: createClients(cloud.endpoint),
    delays: placesOf(outputs)['delays'] as Places,
  };
});
afterAll(async () => {
  deployed?.clients.destroy();
  await cloud?.stop();
});

it('sandboxes killed at random moments lose nothing and count nothing twice', {
  timeout: 240_000,
}, async () => {
  const random = seededRandom(SEED);
  const departures = aDayOf({ count: EVENTS, seed: SEED });
  const { started, settled } = watchBatches();
  const writer = await createStreamWriter(deployed.clients.kinesis, deployed.delays.stream);
  const killedPids = new Set<number>();
  const slice = Math.ceil(EVENTS / KILLS);
  for (let from = 0; from < EVENTS; from += slice) {
    const begun = once(cloud.feed, 'invocation-started');
    await writer.push(departures.slice(from, from + slice).map(aRecordOf), () => {});
    await begun;
    await wait(random() * PAUSE_MS);
    await expect.poll(() => cloud.sandboxes().length).toBeGreaterThan(0);
    const pids = cloud.sandboxes().map(({ pid }) => pid);
    const pid = pids[Math.floor(random() * pids.length)]!;
    cloud.killSandbox(pid);
    killedPids.add(pid);
  }
  await expect.poll(() => recordsCommitted(deployed), { timeout: 120_000 }).toBe(EVENTS);

  await expect
    .poll(() => differencesFrom(deployed, departures, writer.shardOf), { timeout: 30_000 })
    .toEqual([]);
  const commits = await commitsOf(deployed);
  for (const { counts } of commits) {
    expect(counts.in).toBe(
      counts.duplicate + counts.dead + counts.late + counts.filtered + counts.applied,
    );
  }

  const cutOff = settled.filter(
    ({ pid, failure }) => killedPids.has(pid) && failure?.errorMessage.includes('SIGKILL'),
  );
  expect(cutOff.length).toBeGreaterThan(0);
  for (const { trigger } of cutOff) {
    const { shardId, firstSequenceNumber, attempt } = trigger;
    expect(started).toContainEqual(
      expect.objectContaining({
        trigger: expect.objectContaining({ shardId, firstSequenceNumber, attempt: attempt + 1 }),
      }),
    );
  }
});

type OfBatch<Event extends InvocationStarted> = Event & {
  readonly trigger: Extract<Event['trigger'], { kind: 'stream' }>;
};

const isOfBatch = <Event extends InvocationStarted>(event: Event): event is OfBatch<Event> =>
  event.trigger.kind === 'stream';

/** Every delivery of a batch, and how each ended, from now on. */
function watchBatches() {
  const started: OfBatch<InvocationStarted>[] = [];
  const settled: OfBatch<InvocationSettled>[] = [];
  cloud.feed.on('invocation-started', (event) => {
    if (isOfBatch(event)) started.push(event);
  });
  cloud.feed.on('invocation-settled', (event) => {
    if (isOfBatch(event)) settled.push(event);
  });
  return { started, settled };
}
