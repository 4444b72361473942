// The rules of Lambda's event source mapping for Kinesis that the engine relies on, each with the page
// of the Lambda Developer Guide that states it. They run against the embedded cloud, or any endpoint
// that lets a function write to a bucket unsigned: `AWS_ENDPOINT_URL=… npx vitest run --mode endpoint`.

import { MergeShardsCommand, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  CreateFunctionCommand,
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  GetEventSourceMappingCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Instruction, type Note, zippedHandler } from './event-source-mapping.function.ts';
import {
  active,
  aStream,
  dropStream,
  type KinesisTarget,
  openKinesis,
  shardsOf,
} from './kinesis.streams.ts';

const MIDDLE = 1n << 127n;
const LOW = '0';
const HIGH = String((1n << 128n) - 1n);

let target: KinesisTarget;
let lambda: LambdaClient;
let s3: S3Client;

beforeAll(async () => {
  target = await openKinesis();
  lambda = new LambdaClient({ ...target.options('http/1.1'), maxAttempts: 10 });
  s3 = new S3Client({ ...target.options('http/1.1'), forcePathStyle: true });
});

afterAll(async () => {
  lambda.destroy();
  s3.destroy();
  await target.stop();
});

type Settings = Partial<CreateEventSourceMappingCommandInput>;

/** A stream, a bucket and a function; `start` maps the stream to the function. */
async function aScene(shardCount: number) {
  const name = await aStream(target.kinesis, shardCount);
  const Bucket = name;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/conformance',
      Timeout: 30,
      Environment: { Variables: { BUCKET: Bucket } },
      Code: { ZipFile: zippedHandler() },
    }),
  );
  const functionState = async () =>
    (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }))).State;
  await expect.poll(functionState).toBe('Active');
  let mappingId: string | undefined;
  const objects = async (prefix: string) => {
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: prefix }));
    return Promise.all(
      (Contents ?? []).map(async ({ Key }) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        return { key: Key!, body: JSON.parse(await Body!.transformToString()) as unknown };
      }),
    );
  };
  return {
    name,
    objects,
    /** The invocations so far, in the order of their starts. */
    async notes(): Promise<Note[]> {
      const notes = (await objects('notes/')).map(({ body }) => body as Note);
      return notes.sort((left, right) => left.startedMs - right.startedMs);
    },
    async put(instructions: readonly Instruction[], ExplicitHashKey?: string) {
      const Records = instructions.map((instruction) => ({
        PartitionKey: 'k',
        ExplicitHashKey,
        Data: Buffer.from(JSON.stringify(instruction)),
      }));
      const answer = await target.kinesis.send(
        new PutRecordsCommand({ StreamName: name, Records }),
      );
      expect(answer.FailedRecordCount).toBe(0);
    },
    async start(settings: Settings = {}) {
      const mapping = await lambda.send(
        new CreateEventSourceMappingCommand({
          FunctionName: name,
          EventSourceArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`,
          StartingPosition: 'TRIM_HORIZON',
          ...settings,
        }),
      );
      mappingId = mapping.UUID!;
      const state = async () =>
        (await lambda.send(new GetEventSourceMappingCommand({ UUID: mappingId }))).State;
      await expect.poll(state).toBe('Enabled');
      return mappingId;
    },
    async end() {
      await lambda.send(new DeleteEventSourceMappingCommand({ UUID: mappingId }));
      await lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
      await dropStream(target.kinesis, name);
    },
  };
}

type Scene = Awaited<ReturnType<typeof aScene>>;

async function scene(shardCount: number, play: (scene: Scene) => Promise<void>): Promise<void> {
  const opened = await aScene(shardCount);
  try {
    await play(opened);
  } finally {
    await opened.end();
  }
}

const named = (texts: Iterable<string>): Instruction[] => [...texts].map((text) => ({ text }));
const joined = (notes: readonly Note[]) => notes.map((note) => note.texts.join(''));

// "Using Lambda to process records from Amazon Kinesis Data Streams".
describe('the event', () => {
  test('an event has the documented form', () =>
    scene(1, async ({ put, start, notes }) => {
      await put([{ text: 'a' }]);
      await start();
      await expect.poll(notes).toHaveLength(1);
      const [record] = (await notes())[0]!.event.Records;
      expect(record).toEqual({
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: 'k',
          sequenceNumber: expect.any(String),
          data: Buffer.from('{"text":"a"}').toString('base64'),
          approximateArrivalTimestamp: expect.any(Number),
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: expect.stringMatching(/^shardId-\d{12}:\d+$/),
        eventName: 'aws:kinesis:record',
        invokeIdentityArn: expect.stringMatching(/^arn:aws:iam::\d{12}:role\//),
        awsRegion: expect.any(String),
        eventSourceARN: expect.stringMatching(/^arn:aws:kinesis:/),
      });
    }));

  // Kinesis API Reference, Record, SequenceNumber: of the pattern 0|([1-9]\d{0,128}).
  test('a sequence number in an event is a number without leading zeros', () =>
    scene(1, async ({ put, start, notes }) => {
      await put([{ text: 'a' }]);
      await start();
      await expect.poll(notes).toHaveLength(1);
      const [record] = (await notes())[0]!.event.Records as {
        kinesis: { sequenceNumber: string };
      }[];
      const { sequenceNumber } = record!.kinesis;
      expect(sequenceNumber, 'it has leading zeros').toMatch(/^(0|[1-9]\d{0,128})$/);
    }));
});

// "Process Amazon Kinesis Data Streams records with Lambda", polling and batching streams.
describe('batches', () => {
  test('a batch holds at most BatchSize records, in order', () =>
    scene(1, async ({ put, start, notes }) => {
      await put(named('abcdefgh'));
      await start({ BatchSize: 3 });
      await expect.poll(async () => joined(await notes()).join('')).toBe('abcdefgh');
      expect(joined(await notes())).toEqual(['abc', 'def', 'gh']);
    }));

  // Batching behaviour: MaximumBatchingWindowInSeconds is how long records are gathered.
  test('a batch gathers records for the batching window', () =>
    scene(1, async ({ put, start, notes }) => {
      await start({ BatchSize: 100, MaximumBatchingWindowInSeconds: 2 });
      // Within the window, but further apart than a cloud without one waits between two looks.
      const texts = [...'abcd'];
      const putNext = async () => {
        await put(named(texts.splice(0, 1)));
        return texts.length;
      };
      await expect.poll(putNext, { interval: 300 }).toBe(0);
      await expect.poll(async () => joined(await notes()).join('')).toBe('abcd');
      expect(joined(await notes()), 'the records come in several batches').toEqual(['abcd']);
    }));

  /** What two shards of three busy batches each looked like, shard by shard. */
  const twoBusyShards = async ({ put, start, notes }: Scene): Promise<Note[][]> => {
    const busy = (texts: string) => [...texts].map((text) => ({ text, busyMs: 300 }));
    await put(busy('abc'), LOW);
    await put(busy('xyz'), HIGH);
    await start({ BatchSize: 1 });
    await expect.poll(async () => (await notes()).length).toBe(6);
    const all = await notes();
    const shards = [...new Set(all.map((note) => note.shardId))];
    return shards.map((shardId) => all.filter((note) => note.shardId === shardId));
  };

  // "It processes one batch of records at a time from each shard."
  test('batches of one shard never overlap', () =>
    scene(2, async (opened) => {
      for (const notes of await twoBusyShards(opened)) {
        for (let index = 1; index < notes.length; index += 1) {
          expect(notes[index]!.startedMs).toBeGreaterThanOrEqual(notes[index - 1]!.endedMs);
        }
      }
    }));

  // "Lambda polls each shard", as many invocations at once as there are shards.
  test('batches of two shards overlap', () =>
    scene(2, async (opened) => {
      const [one, other] = await twoBusyShards(opened);
      const overlap = one!.some((mine) =>
        other!.some((its) => mine.startedMs < its.endedMs && its.startedMs < mine.endedMs),
      );
      expect(overlap, 'one shard waits for the other').toBe(true);
    }));
});

// "Configuring partial batch response with Kinesis Data Streams and Lambda".
describe('failures', () => {
  test('a partial batch response is retried from the lowest sequence number it names', () =>
    scene(1, async ({ put, start, notes }) => {
      await put([
        { text: 'a' },
        { text: 'b' },
        { text: 'c', report: true },
        { text: 'd', report: true },
      ]);
      await start({ BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] });
      // The batch from c on is a first delivery too and reports c; its repetition succeeds.
      await expect
        .poll(async () => joined(await notes()), { message: 'the batch counts as done' })
        .toEqual(['abcd', 'cd', 'cd']);
    }));

  // Error handling: retried until success, the age limit or the retry quota, -1 meaning no quota.
  test('a failing batch is retried until it succeeds, and holds back what follows', () =>
    scene(1, async ({ put, start, notes }) => {
      await put([{ text: 'a', failures: 3 }, { text: 'b' }, { text: 'c' }]);
      await start({ BatchSize: 2 });
      await expect.poll(async () => joined(await notes())).toEqual(['ab', 'ab', 'ab', 'ab', 'c']);
    }));

  // "Retain discarded batch records for a Kinesis Data Streams event source in Lambda".
  test('a batch given up goes to the on-failure bucket with its event, and the shard goes on', () =>
    scene(1, async ({ name, put, start, notes, objects }) => {
      await put([{ text: 'a', failures: 99 }, { text: 'b' }, { text: 'c' }]);
      const mappingId = await start({
        BatchSize: 2,
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: `arn:aws:s3:::${name}` } },
      });
      await expect
        .poll(async () => joined(await notes()), { message: 'the batch is not given up' })
        .toEqual(['ab', 'ab', 'c']);
      await expect.poll(() => objects('aws/lambda/')).toHaveLength(1);
      const [lost] = await objects('aws/lambda/');
      expect(lost!.key).toMatch(
        new RegExp(
          `^aws/lambda/${mappingId}/shardId-0+/\\d{4}/\\d\\d/\\d\\d/\\d{4}-\\d\\d-\\d\\dT`,
        ),
      );
      const document = lost!.body as { payload: string | object };
      expect(document).toMatchObject({
        requestContext: { condition: 'RetryAttemptsExhausted' },
        KinesisBatchInfo: { batchSize: 2 },
      });
      const { payload } = document;
      const event = (typeof payload === 'string' ? JSON.parse(payload) : payload) as Note['event'];
      expect(event.Records).toHaveLength(2);
    }));

  // Error handling, BisectBatchOnFunctionError: the batch is split in two, which uses up no retry.
  test('bisecting a failing batch delivers what stands before and behind the bad record', () =>
    scene(1, async ({ put, start, notes }) => {
      await put([{ text: 'a' }, { text: 'b' }, { text: 'c', poison: true }, { text: 'd' }]);
      await start({ BatchSize: 4, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 3 });
      const healthy = async () =>
        joined(await notes())
          .filter((texts) => !texts.includes('c'))
          .join('');
      await expect.poll(healthy, { message: 'the batch is not split' }).toBe('abd');
    }));
});

// Kinesis Developer Guide, "After resharding": the parents' records come first, for order by key.
describe('resharding', () => {
  test('a parent is drained before its children are read, through a split and a merge', () =>
    scene(1, async ({ name, put, start, notes }) => {
      const [root] = await shardsOf(target.kinesis, name);
      await put([{ text: 'a', failures: 2 }, { text: 'b' }]);
      const split = { ShardToSplit: root!.ShardId, NewStartingHashKey: String(MIDDLE) };
      await target.kinesis.send(new SplitShardCommand({ StreamName: name, ...split }));
      await active(target.kinesis, name);
      await put(named('c'), LOW);
      await put(named('d'), HIGH);
      const shards = await shardsOf(target.kinesis, name);
      const [low, high] = shards.filter((shard) => shard.ParentShardId === root!.ShardId);
      const pair = { ShardToMerge: low!.ShardId, AdjacentShardToMerge: high!.ShardId };
      await target.kinesis.send(new MergeShardsCommand({ StreamName: name, ...pair }));
      await active(target.kinesis, name);
      await put(named('e'));
      await start({ BatchSize: 1 });
      // Each may be delivered more than once, so first deliveries are compared.
      const order = async () => {
        const texts = [...new Set(joined(await notes()))];
        return [texts.slice(0, -3), texts.slice(-3, -1).sort(), texts.at(-1)];
      };
      await expect
        .poll(order, { message: 'records of closed shards are not delivered' })
        .toEqual([['a', 'b'], ['c', 'd'], 'e']);
    }));
});
