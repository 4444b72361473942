// The same scenarios on every cloud: the stacks are brought up, changed and taken away by the CDK's own
// command line, events are put by the plain SDK, and all that comes out is compared with a naive
// computation. They share what is deployed, so they run one after the other, in this order.

import { DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Departure } from '../../../localstack/demo/naive.ts';
import { aDayOf, MARCH_MS } from '../../support/departures.ts';
import { awaitSchedule, foldAndForget, startCold } from './checkpoints.ts';
import { authorshipOf } from './commits.ts';
import { dieInFunction, dieInOperator, type Visits } from './deaths.ts';
import type { Reasoned } from './delays.ts';
import { destroyAll, removeAll } from './destroy.ts';
import type { Ability } from './probe/probe.ts';
import { deliverAgain, race } from './redelivery.ts';
import { publishReport, type ScenarioResult } from './report.ts';
import { splitWhilePushing } from './reshard.ts';
import { takeInParts } from './slow-batch.ts';
import { openSuite, play, type Suite } from './suite.ts';
import { pushWhile } from './traffic.ts';
import { replaceVersion } from './versions.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longer than all waits inside of it: those say what they waited for. */
const SCENARIO_TIMEOUT_MS = 900_000;
/** Longer than deployments take in an account: one that went on after it would not be removed. */
const BROUGHT_UP_WITHIN_MS = 1_800_000;
const REMOVED_WITHIN_MS = 1_800_000;

const startMs = performance.now();
const begun: Parameters<typeof openSuite>[0] = {};
const results: ScenarioResult[] = [];
let suite: Suite;

beforeAll(async () => {
  suite = await openSuite(begun);
}, BROUGHT_UP_WITHIN_MS);

afterAll(async () => {
  const { target, deployment, probes = [], resources = [] } = begun;
  if (target === undefined || deployment === undefined) return;
  // They have streams of their own, which they remove.
  await Promise.allSettled(probes);
  const left = await removeAll(target, deployment, resources);
  publishReport({
    target: target.name,
    promised: target.promised,
    scenarios: results,
    left,
    seconds: (performance.now() - startMs) / 1_000,
  });
  deployment.discard();
  await target.stop();
  expect(left).toEqual([]);
}, REMOVED_WITHIN_MS);

function scenario(name: string, needs: readonly Ability[], run: () => Promise<void>): void {
  it(name, { timeout: SCENARIO_TIMEOUT_MS }, (context) =>
    play({ name, needs, lacks: suite.lacks, results, context }, run),
  );
}

it('no template knows the endpoint that it is deployed to', () => {
  const { target, deployment } = suite;
  const endpoint = target.environment['AWS_ENDPOINT_URL'];
  for (const template of Object.values(deployment.templates('first'))) {
    expect(template).toContain('AWS::Lambda::Function');
    expect(template).not.toContain('AWS_ENDPOINT_URL');
    if (endpoint !== undefined) expect(template).not.toContain(new URL(endpoint).host);
  }
});

scenario('events put by the plain SDK come out as rows', [], async () => {
  const { kept } = suite;
  await kept.push(aDayOf({ count: 300, stepMs: 30_000 }));
  await kept.untilExact();
});

scenario('records that are no events become dead letters with their bytes', [], async () => {
  const { kept } = suite;
  await kept.pushBad(badRecords());
  await kept.pushLate(aDayOf({ count: 5, fromMs: MARCH_MS - DAY_MS, seed: 2 }));
  await kept.push(aDayOf({ count: 20, fromMs: MARCH_MS + 4 * HOUR_MS, seed: 3 }));
  await kept.untilExact();
});

scenario('events that are put twice count twice, packed ones one by one', [], async () => {
  const { kept } = suite;
  const twice = aDayOf({ count: 40, fromMs: MARCH_MS + 5 * HOUR_MS, seed: 4 });
  await kept.push(twice);
  await kept.push(twice);
  await kept.pushPacked(aDayOf({ count: 60, fromMs: MARCH_MS + 6 * HOUR_MS, seed: 5 }));
  await kept.untilExact();
});

scenario('records that are delivered again change nothing', [], () => deliverAgain(suite));

scenario('sandboxes that race for a slot of the log commit it once', [], () => race(suite));

scenario('maintenance writes a checkpoint that replaces the log before it', [], () =>
  foldAndForget(suite),
);

const visits: Visits = new Map();

scenario('a sandbox that dies before its commit loses nothing', [], () =>
  dieInOperator(suite, visits),
);

scenario('a sandbox that dies after its commit is published by the next', [], () =>
  dieInFunction(suite, visits),
);

scenario('a shard is split while events flow', ['closed-shards'], () => splitWhilePushing(suite));

scenario('a new version takes over while events flow', [], async () => {
  const { kept, raced, target } = suite;
  await pushWhile(pushOn(8), async () => {
    await replaceVersion(target.clients, kept.deployed.task);
    await replaceVersion(target.clients, raced.deployed.task);
  });
  await kept.untilExact();
  const commits = await authorshipOf(target.clients, kept.deployed);
  expect(new Set(commits.map(({ deployEpoch }) => deployEpoch)).size).toBe(2);
});

scenario('new sandboxes begin at the checkpoint', [], () => startCold(suite));

scenario('other code is deployed while events flow', ['changed-aliases'], async () => {
  const { kept, deployment, target } = suite;
  await pushWhile(pushOn(10), () => deployment.deploy('second'));
  await kept.untilExact();
  const commits = await authorshipOf(target.clients, kept.deployed);
  expect(new Set(commits.map(({ code }) => code)).size).toBe(2);
});

scenario('the table has the time to live of its template', ['time-to-live'], async () => {
  const { target, kept } = suite;
  const of = async (TableName: string) => {
    const { TimeToLiveDescription: found } = await target.clients.dynamodb.send(
      new DescribeTimeToLiveCommand({ TableName }),
    );
    return found?.AttributeName;
  };
  expect(await of(kept.deployed.table)).toBe('_ttl');
  // A commit that expires would fence nobody.
  expect(await of(kept.deployed.log)).toBeUndefined();
});

scenario('a batch too slow for one invocation is taken in parts', ['partial-batches'], () =>
  takeInParts(suite),
);

scenario('the schedule runs maintenance by itself', ['schedules'], () => awaitSchedule(suite));

scenario('destroyed stacks leave what they retain, and nothing else', [], () => destroyAll(suite));

/** Parts of a minute each, from an hour of the day on. */
function pushOn(hour: number): (part: number) => Promise<void> {
  const fromMs = MARCH_MS + hour * HOUR_MS;
  return (part) => {
    const seed = hour * 1_000 + part;
    return suite.kept.push(aDayOf({ count: 12, fromMs: fromMs + part * 60_000, seed }));
  };
}

it('as many scenarios ran as are promised', () => {
  const ran = results.filter(({ outcome }) => outcome !== 'skipped').length;
  const { promised } = suite.target;
  expect(ran).toBeGreaterThanOrEqual(promised === 'all' ? results.length : promised);
});

const event: Omit<Departure, 'departedAt'> = {
  origin: 'LAS',
  destination: 'PHL',
  delay: 33,
  distance: 2176,
};

function badRecords(): readonly Reasoned[] {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const longKey = 'k'.repeat(100 * 1024 + 1);
  return [
    { what: 'no JSON', reason: 'not-json', data: Buffer.from('{"departedAt": 1') },
    { what: 'another shape', reason: 'schema', data: json(['LAS', 'PHL']) },
    { what: 'no time', reason: 'schema', data: json(event) },
    { what: 'wrong UTF-8', reason: 'bad-utf8', data: Buffer.from([0x22, 0xff, 0xfe, 0x22]) },
    { what: 'nothing at all', reason: 'empty', data: Buffer.alloc(0) },
    { what: 'too deep', reason: 'too-deep', data: Buffer.from('['.repeat(99) + ']'.repeat(99)) },
    {
      what: 'a key too large',
      reason: 'key-too-large',
      data: json({ ...event, departedAt: MARCH_MS + 4 * HOUR_MS, origin: longKey }),
    },
    {
      what: 'a time in nanoseconds',
      reason: 'event-time-invalid',
      data: json({ ...event, departedAt: MARCH_MS * 1_000_000 }),
    },
  ];
}
