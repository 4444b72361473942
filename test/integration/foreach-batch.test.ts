import { join } from 'node:path';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { Duration } from 'aws-cdk-lib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StreamingPipeline } from '../../cdk/index.ts';
import type { Clients } from '../../localstack/demo/clients.ts';
import { readNdjson } from '../../localstack/demo/outputs.ts';
import { type DeployedStack, deployStack } from '../support/deployed-stack.ts';
import type { Attempt } from './fixtures/receipts.ts';

/** Parts are pushed one after the other, so that there are several batches; 500 rows have to be staged. */
const PARTS = [20, 500, 1, 60, 500, 40];

let deployed: DeployedStack;
let clients: Clients;
let outputs: Readonly<Record<string, string>>;

beforeAll(async () => {
  deployed = await deployStack('Receipts', (stack) => {
    const streaming = new StreamingPipeline(stack, 'Receipts', {
      entry: join(import.meta.dirname, 'fixtures', 'receipts.ts'),
      shardCount: 2,
      // A function that waits for its signal takes the whole of it, less what is kept free at its end.
      timeout: Duration.seconds(6),
    });
    streaming.partitionTask.addEnvironment('RECEIPTS_BUCKET', streaming.outputBucket.bucketName);
    streaming.outputBucket.grantReadWrite(streaming.partitionTask);
  });
  ({ clients, outputs } = deployed);
});

afterAll(() => deployed?.stop());

it('every batch reaches the function whole, whether the function fails, stops early or takes the process with it', {
  timeout: 120_000,
}, async () => {
  const bucket = outputs['ReceiptsBucket']!;
  const read = (prefix: string) => readNdjson<Attempt>(clients.s3, { bucket, prefix });
  const taken = async () => (await read('receipts/')).flatMap(({ rows }) => rows);
  const sales: Attempt['rows'][number][] = [];
  for (const size of PARTS) {
    const part = Array.from({ length: size }, (_, at) => {
      const index = sales.length + at;
      return { shop: `shop-${index % 37}`, index };
    });
    await clients.kinesis.send(
      new PutRecordsCommand({
        StreamName: outputs['ReceiptsStream'],
        Records: part.map((sale) => ({
          PartitionKey: sale.shop,
          Data: Buffer.from(JSON.stringify(sale)),
        })),
      }),
    );
    sales.push(...part);
    await expect.poll(async () => (await taken()).length, { timeout: 60_000 }).toBe(sales.length);
  }

  const byIndex = (left: { index: number }, right: { index: number }) => left.index - right.index;
  expect((await taken()).sort(byIndex)).toEqual(sales);

  const receipts = await read('receipts/');
  const rowsOf = new Map(receipts.map(({ batchId, rows }) => [batchId, rows]));
  const attempts = await read('attempts/');
  for (const { batchId, rows } of attempts) expect(rows).toEqual(rowsOf.get(batchId));
  const failing = receipts.filter(({ batchId }) => Number(batchId.split('-').at(-1)) % 4 !== 0);
  for (const { batchId } of failing) {
    const tried = attempts.filter((attempt) => attempt.batchId === batchId);
    expect(tried.length).toBeGreaterThanOrEqual(2);
  }

  const numbers = new Map<string, number[]>();
  for (const { batchId } of receipts) {
    const [, shard, number] = /^foreach-batch-receipts-[0-9a-f]{16}-(shardId-\d+)-(\d+)$/.exec(
      batchId,
    )!;
    numbers.set(shard!, [...(numbers.get(shard!) ?? []), Number(number)]);
  }
  expect(numbers.size).toBe(2);
  for (const found of numbers.values()) {
    expect(found.sort((left, right) => left - right)).toEqual(found.map((_, index) => index + 1));
  }
});
