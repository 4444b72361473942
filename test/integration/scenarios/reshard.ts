// Shards that are split while events flow, under a pipeline that works on all of them in one task.

import { paginateScan } from '@aws-sdk/client-dynamodb';
import { ListShardsCommand, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import { seededRandom } from '../../../localstack/demo/flights.ts';
import { readCommits } from '../../../localstack/demo/outputs.ts';
import type { Sale, ShopRow } from './fixtures/resharded.ts';
import { until } from './poll.ts';
import { untilActive } from './probe/probe.ts';
import type { Suite } from './suite.ts';
import { pushWhile } from './traffic.ts';

const SEED = 17;
const SHOPS = 9;
const SALES_PER_PART = 10;
/** Some clouds read a stream that was split again from its beginning. */
const APPLIED_WITHIN_MS = 180_000;

export async function splitWhilePushing({ target, resharded }: Suite): Promise<void> {
  const { kinesis, dynamodb } = target.clients;
  const { stream: StreamName, table, log } = resharded;
  const random = seededRandom(SEED);
  const sales: Sale[] = [];
  const push = async () => {
    const part = Array.from({ length: SALES_PER_PART }, () => ({
      shop: `shop ${Math.floor(random() * SHOPS)}`,
      cents: Math.floor(random() * 10_000),
    }));
    sales.push(...part);
    await kinesis.send(
      new PutRecordsCommand({
        StreamName,
        Records: part.map((sale) => ({
          PartitionKey: sale.shop,
          Data: Buffer.from(JSON.stringify(sale)),
        })),
      }),
    );
  };
  const applied = async () => {
    const commits = await readCommits(dynamodb, log);
    return commits.reduce((sum, { counts }) => sum + counts.applied, 0);
  };
  await pushWhile(push, async () => {
    await until('the first sales', applied, (count) => count > 0, APPLIED_WITHIN_MS);
    const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
    const [{ ShardId, HashKeyRange }] = Shards as [(typeof Shards)[number]];
    const { StartingHashKey = '0', EndingHashKey = '0' } = HashKeyRange ?? {};
    await kinesis.send(
      new SplitShardCommand({
        StreamName,
        ShardToSplit: ShardId,
        NewStartingHashKey: ((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n).toString(),
      }),
    );
    await untilActive(kinesis, StreamName);
  });
  await until('all sales', applied, (count) => count >= sales.length, APPLIED_WITHIN_MS);

  const commits = await readCommits(dynamodb, log);
  expect(await applied()).toBe(sales.length);
  const numbers = commits.map(({ batchNumber }) => batchNumber).sort((one, other) => one - other);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  const shards = new Set(commits.flatMap(({ positions }) => [...positions.keys()]));
  expect(shards.size).toBe(3);
  const rows = async () => {
    const found: ShopRow[] = [];
    const scan = paginateScan({ client: dynamodb }, { TableName: table, ConsistentRead: true });
    for await (const { Items = [] } of scan) {
      found.push(
        ...Items.map((item) => ({
          shop: item['shop']!.S!,
          sales: Number(item['sales']!.N),
          cents: Number(item['cents']!.N),
        })),
      );
    }
    return found.sort(byShop);
  };
  await expect.poll(rows, { timeout: 30_000 }).toEqual(totalsOf(sales));
}

/** The plain computation. */
function totalsOf(sales: readonly Sale[]): readonly ShopRow[] {
  const totals = new Map<string, ShopRow>();
  for (const { shop, cents } of sales) {
    const before = totals.get(shop) ?? { shop, sales: 0, cents: 0 };
    totals.set(shop, { shop, sales: before.sales + 1, cents: before.cents + cents });
  }
  return [...totals.values()].sort(byShop);
}

const byShop = (one: ShopRow, other: ShopRow) => (one.shop < other.shop ? -1 : 1);
