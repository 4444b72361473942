// Two streams with several shards each, joined in one task, in real processes: both are written at the
// same time, a sandbox is killed in the middle, and the rows are those of a plain computation.

import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StreamingPipeline } from '../../cdk/index.ts';
import type { Clients } from '../../localstack/demo/clients.ts';
import { seededRandom } from '../../localstack/demo/flights.ts';
import { findCommitLog, readCommits, readNdjson } from '../../localstack/demo/outputs.ts';
import { createStreamWriter } from '../../localstack/demo/push.ts';
import type { EmbeddedCloud } from '../../localstack/embedded/embedded-cloud.ts';
import { placesOf } from '../../localstack/pipelines.ts';
import { type DeployedStack, deployStack } from '../support/deployed-stack.ts';
import type { Order, Payment } from './fixtures/payments.ts';

const ORDERS = 4_000;
const PAYMENTS = 6_000;
const SEED = 7;
/** How many times both streams are written, at once, before and after the kill. */
const SLICES = 4;

let cloud: EmbeddedCloud;
let deployed: DeployedStack;
let clients: Clients;
let outputs: Readonly<Record<string, string>>;

beforeAll(async () => {
  deployed = await deployStack('Payments', (stack) => {
    new StreamingPipeline(stack, 'Payments', {
      entry: join(import.meta.dirname, 'fixtures', 'payments.ts'),
      sources: { orders: { shardCount: 2 }, payments: { shardCount: 3 } },
    });
  });
  ({ cloud, clients, outputs } = deployed);
});

afterAll(() => deployed?.stop());

it('rows of two streams meet once each, although a sandbox is killed', {
  timeout: 240_000,
}, async () => {
  const random = seededRandom(SEED);
  const anOrder = () => `order-${Math.floor(random() * ORDERS)}`;
  const orders: readonly Order[] = Array.from({ length: ORDERS }, (_, index) => ({
    order: `order-${index}`,
    shop: `shop-${index % 7}`,
  }));
  const payments: readonly Payment[] = Array.from({ length: PAYMENTS }, (_, index) => ({
    order: anOrder(),
    cents: index,
  }));
  const { bucket = '', rowsPrefix = '', streams = {} } = placesOf(outputs)['payments'] ?? {};
  const writers = {
    orders: await createStreamWriter(clients.kinesis, streams['orders']!),
    payments: await createStreamWriter(clients.kinesis, streams['payments']!),
  };

  for (let slice = 0; slice < SLICES; slice += 1) {
    const begun = once(cloud.feed, 'invocation-started');
    await Promise.all([
      writers.orders.push(sliceOf(orders, slice).map(aRecordOf), () => {}),
      writers.payments.push(sliceOf(payments, slice).map(aRecordOf), () => {}),
    ]);
    await begun;
    if (slice !== 1) continue;
    await expect.poll(() => cloud.sandboxes().length).toBeGreaterThan(0);
    cloud.killSandbox(cloud.sandboxes()[0]!.pid);
  }

  const table = await findCommitLog(clients.dynamodb);
  const committed = async () => {
    const commits = await readCommits(clients.dynamodb, table);
    return commits.reduce((sum, { counts }) => sum + counts.in - counts.duplicate, 0);
  };
  await expect.poll(committed, { timeout: 180_000 }).toBe(ORDERS + PAYMENTS);
  const expected = payments.map(({ order, cents }) => {
    const { shop } = orders[Number(order.slice('order-'.length))]!;
    return { order, shop, cents };
  });
  const rows = async () => {
    const found = await readNdjson<(typeof expected)[number]>(clients.s3, {
      bucket,
      prefix: rowsPrefix,
    });
    return found.toSorted((left, right) => left.cents - right.cents);
  };
  await expect.poll(rows, { timeout: 30_000 }).toEqual(expected);

  const commits = await readCommits(clients.dynamodb, table);
  expect(new Set(commits.map(({ log }) => log))).toEqual(new Set(['payments/1/*/*']));
  const numbers = commits.map(({ batchNumber }) => batchNumber).sort((left, right) => left - right);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

const sliceOf = <Event>(events: readonly Event[], slice: number) =>
  events.filter((_, index) => index % SLICES === slice);

/** The partition key is not what is joined on. */
const aRecordOf = (event: Order | Payment, index: number) => ({
  PartitionKey: `key-${index % 50}`,
  Data: Buffer.from(JSON.stringify(event)),
});
