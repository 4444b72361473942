import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { Duration } from 'aws-cdk-lib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StreamingPipeline } from '../../cdk/index.ts';
import type { Clients } from '../../localstack/demo/clients.ts';
import { readNdjson } from '../../localstack/demo/outputs.ts';
import type { StoredDeadLetter } from '../support/delays.ts';
import { type DeployedStack, deployStack } from '../support/deployed-stack.ts';

/** Retries wait longer and longer, and each one that blocks takes the function's whole timeout: few records. */
const SITUATIONS = [
  { what: 'exit', visitCount: 16, poisonIndex: 9 },
  { what: 'loop', visitCount: 4, poisonIndex: 2 },
];

let deployed: DeployedStack;
let clients: Clients;
let outputs: Readonly<Record<string, string>>;

beforeAll(async () => {
  deployed = await deployStack('Poison', (stack) => {
    new StreamingPipeline(stack, 'Poison', {
      entry: join(import.meta.dirname, 'fixtures', 'poison.ts'),
      shardCount: 1,
      // A record that blocks the process is noticed by nothing else.
      timeout: Duration.seconds(3),
    });
  });
  ({ clients, outputs } = deployed);
});

afterAll(() => deployed?.stop());

it.each(SITUATIONS)(
  'one record that makes the process $what is set aside, all others count',
  { timeout: 120_000 },
  async ({ what, visitCount, poisonIndex }) => {
    const page = `page-${what}`;
    const visits = Array.from({ length: visitCount }, (_, index) => ({
      page,
      what: index === poisonIndex ? what : `visit ${index}`,
    }));
    await clients.kinesis.send(
      new PutRecordsCommand({
        StreamName: outputs['PoisonStream'],
        Records: visits.map((visit) => ({
          PartitionKey: page,
          Data: Buffer.from(JSON.stringify(visit)),
        })),
      }),
    );
    const counted = async () => {
      const { Items = [] } = await clients.dynamodb.send(
        new ScanCommand({ TableName: outputs['PoisonTable'], ConsistentRead: true }),
      );
      return Number(Items.find((item) => item['page']?.S === page)?.['visits']?.N ?? 0);
    };
    await expect.poll(counted, { timeout: 100_000, interval: 500 }).toBe(visitCount - 1);

    const place = { bucket: outputs['PoisonBucket']!, prefix: outputs['PoisonDeadLettersPrefix']! };
    const letters = await readNdjson<StoredDeadLetter>(clients.s3, place);
    const texts = letters.map(({ reason, data }) => [
      reason,
      Buffer.from(data, 'base64').toString(),
    ]);
    expect(texts.filter(([, text]) => text?.includes(page))).toEqual([
      ['poison', JSON.stringify({ page, what })],
    ]);
  },
);
