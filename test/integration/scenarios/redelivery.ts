// The same records given to the function again, and several sandboxes that race for one slot of the log.

import { paginateScan } from '@aws-sdk/client-dynamodb';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { aDayOf, MARCH_MS } from '../../support/departures.ts';
import type { Clients } from './clients.ts';
import { auditOf } from './commits.ts';
import type { Delays } from './delays.ts';
import { deliver } from './deliveries.ts';
import type { Deployed } from './deployment.ts';
import type { Suite } from './suite.ts';

/** Rounds of a race; in each, every sandbox is handed more of the same new records than the one before. */
const ROUNDS = 6;
const RACED_RECORDS = [2, 4, 6, 8];
const RECORDS_PER_ROUND = Math.max(...RACED_RECORDS);

/** All that was ever put is delivered again, twice at the same time: nothing changes. */
export async function deliverAgain({ target, kept }: Suite): Promise<void> {
  const { clients } = target;
  const before = await everythingOf(clients, kept.deployed);
  const shards = await kept.deliveries();
  await Promise.all(
    [...shards, ...shards]
      .filter((records) => records.length > 0)
      .map((records) => deliver(clients, kept.deployed.task, records)),
  );
  expect(await everythingOf(clients, kept.deployed)).toEqual(before);
  await kept.expectExact();
}

/**
 * Four sandboxes are handed parts of different lengths of the same new records at the same time, again
 * and again, so that most of them believe in an old head: one commit counts for each slot.
 */
export async function race({ target, raced }: Suite): Promise<void> {
  const departures = aDayOf({ count: ROUNDS * RECORDS_PER_ROUND, fromMs: MARCH_MS, seed: 7 });
  await raced.push(departures);
  const [records = []] = await raced.deliveries();
  for (let from = 0; from < records.length; from += RECORDS_PER_ROUND) {
    await Promise.all(
      RACED_RECORDS.map((count) =>
        deliver(target.clients, raced.deployed.task, records.slice(from, from + count)),
      ),
    );
  }
  await raced.expectExact();
}

/** Delivers what the log does not have yet, one record for each batch. */
export async function deliverOneByOne(clients: Clients, raced: Delays): Promise<void> {
  const { totals } = await auditOf(clients, raced.deployed);
  const [records = []] = await raced.deliveries();
  for (const record of records.slice(totals.in - totals.duplicate)) {
    await deliver(clients, raced.deployed.task, [record]);
  }
}

/** Every item and every object that the pipeline has written, and what its commits counted. */
async function everythingOf(clients: Clients, deployed: Deployed): Promise<unknown> {
  const items: unknown[] = [];
  const scan = paginateScan(
    { client: clients.dynamodb },
    { TableName: deployed.table, ConsistentRead: true },
  );
  for await (const { Items = [] } of scan) items.push(...Items);
  const objects: unknown[] = [];
  const list = paginateListObjectsV2({ client: clients.s3 }, { Bucket: deployed.bucket });
  for await (const { Contents = [] } of list) {
    objects.push(...Contents.map(({ Key, ETag, Size }) => ({ Key, ETag, Size })));
  }
  return {
    items: items.map((item) => JSON.stringify(item)).sort(),
    objects,
    commits: await auditOf(clients, deployed),
  };
}
