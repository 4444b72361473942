import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StreamingPipeline } from '../../cdk/index.ts';
import { type Clients, createClients } from '../../localstack/demo/clients.ts';
import { readNdjson } from '../../localstack/demo/outputs.ts';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../localstack/embedded/embedded-cloud.ts';
import type { StoredDeadLetter } from '../support/delays.ts';

const VISITS = 60;

const folder = mkdtempSync(join(tmpdir(), 'rivulet-poison-'));
let cloud: EmbeddedCloud;
let clients: Clients;
let outputs: Readonly<Record<string, string>>;

beforeAll(async () => {
  const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8'));
  const app = new App({ outdir: folder, postCliContext: context });
  new StreamingPipeline(new Stack(app, 'Poison'), 'Poison', {
    entry: join(import.meta.dirname, 'fixtures', 'poison.ts'),
    shardCount: 1,
    // A record that blocks the process is noticed by nothing else.
    timeout: Duration.seconds(4),
  });
  app.synth();
  cloud = await startEmbeddedCloud({ port: 0 });
  outputs = await cloud.deploy(folder);
  clients = createClients(cloud.endpoint);
});

afterAll(async () => {
  clients?.destroy();
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it.each(['exit', 'loop'])(
  'one record that makes the process %s is set aside, all others count',
  {
    timeout: 180_000,
  },
  async (what) => {
    const page = `page-${what}`;
    const visits = Array.from({ length: VISITS }, (_, index) => ({
      page,
      what: index === 41 ? what : `visit ${index}`,
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
    await expect.poll(counted, { timeout: 150_000, interval: 500 }).toBe(VISITS - 1);

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
