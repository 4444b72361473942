// Finds by behaviour what a cloud lacks, each in the words in which a scenario that needs it is
// skipped. Questions that take long are asked at the start and answered when somebody needs them.

import { DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  type Shard,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { GetAliasCommand } from '@aws-sdk/client-lambda';
import { readNdjson } from '../../../../localstack/demo/outputs.ts';
import type { Clients } from '../clients.ts';
import type { Deployed, StackOutputs } from '../deployment.ts';
import type { Testimony } from '../fixtures/witness.ts';
import { until } from '../poll.ts';
import { CHANGING_OUTPUTS, PROBE_OUTPUTS } from './stack.ts';

/** What a scenario may need of a cloud beyond the services that every pipeline needs. */
export type Ability =
  | 'closed-shards'
  | 'partial-batches'
  | 'time-to-live'
  | 'schedules'
  | 'changed-aliases';

/** Why a cloud cannot do it; `null`: it can. */
export type Lack = string | null;

const STREAM_WITHIN_MS = 120_000;
const BATCH_WITHIN_MS = 60_000;
/** A rule that is due each minute fires within two. */
const SCHEDULE_WITHIN_MS = 130_000;

/** Whether a shard that was split is still listed, as the parent of both its children. */
export async function probeClosedShards({ kinesis }: Clients, name: string): Promise<Lack> {
  const StreamName = `${name}-split`;
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  try {
    await untilActive(kinesis, StreamName);
    const [parent] = await shardsOf(kinesis, StreamName);
    const { StartingHashKey = '0', EndingHashKey = '0' } = parent?.HashKeyRange ?? {};
    const half = (BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n;
    const ShardToSplit = parent!.ShardId;
    const NewStartingHashKey = half.toString();
    await kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit, NewStartingHashKey }));
    await untilActive(kinesis, StreamName);
    const shards = await shardsOf(kinesis, StreamName);
    const children = shards.filter(({ ParentShardId }) => ParentShardId === ShardToSplit);
    if (children.length !== 2) return 'the children of a split shard do not name their parent';
    return shards.some(({ ShardId }) => ShardId === ShardToSplit)
      ? null
      : 'a shard that was split is not listed any more, with the records that it holds';
  } finally {
    await kinesis.send(new DeleteStreamCommand({ StreamName }));
  }
}

/** Whether a function that fails at the second of three records gets the last two again, alone. */
export async function probePartialBatches(clients: Clients, outputs: StackOutputs): Promise<Lack> {
  const StreamName = outputs[PROBE_OUTPUTS.stream];
  const Records = ['first', 'fails', 'last'].map((text) => ({
    PartitionKey: 'probe',
    Data: Buffer.from(text),
  }));
  await clients.kinesis.send(new PutRecordsCommand({ StreamName, Records }));
  const batches = () => testimonies(clients, outputs, 'batch');
  const isAgain = (told: readonly Testimony[]) =>
    told.some((one) => one.kind === 'batch' && one.data.join() === 'fails,last');
  try {
    await until('the rest of a batch', batches, isAgain, BATCH_WITHIN_MS);
    return null;
  } catch {
    return 'a batch that was taken in part is not delivered again from where it failed';
  }
}

/** Whether the template's time to live is in effect. */
export async function probeTimeToLive(clients: Clients, deployed: Deployed): Promise<Lack> {
  const { TimeToLiveDescription: found } = await clients.dynamodb.send(
    new DescribeTimeToLiveCommand({ TableName: deployed.table }),
  );
  const status = found?.TimeToLiveStatus;
  return status === 'ENABLED' || status === 'ENABLING'
    ? null
    : `the time to live of a table in a template is not applied: it is ${status ?? 'not there'}`;
}

/** Whether a stack whose function changes has its alias at the new version afterwards. */
export async function probeChangedAliases(
  { lambda }: Clients,
  before: StackOutputs,
  deploy: () => Promise<unknown>,
): Promise<Lack> {
  const FunctionName = before[CHANGING_OUTPUTS.function];
  try {
    await deploy();
    const alias = await lambda.send(new GetAliasCommand({ FunctionName, Name: 'live' }));
    if (alias.FunctionVersion !== before[CHANGING_OUTPUTS.version]) return null;
    return 'a stack whose function changes leaves its alias at the old version';
  } catch (error) {
    const [sentence] = (error as Error).message.split('\n');
    return `a stack whose function changes cannot move its alias: ${sentence}`;
  }
}

/** Whether a rule that is due each minute invokes its function. */
export async function probeSchedules(clients: Clients, outputs: StackOutputs): Promise<Lack> {
  const fired = () => testimonies(clients, outputs, 'schedule');
  try {
    await until('a rule', fired, ({ length }) => length > 0, SCHEDULE_WITHIN_MS);
    return null;
  } catch {
    return 'a rule that is due each minute did not invoke its function in two';
  }
}

const testimonies = ({ s3 }: Clients, outputs: StackOutputs, kind: Testimony['kind']) =>
  readNdjson<Testimony>(s3, { bucket: outputs[PROBE_OUTPUTS.bucket]!, prefix: `${kind}/` });

async function shardsOf(kinesis: KinesisClient, StreamName: string): Promise<readonly Shard[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Shards;
}

/** Resolves when a stream takes requests again, or has taken them all along. */
export async function untilActive(kinesis: KinesisClient, StreamName: string): Promise<void> {
  const status = async () => {
    const { StreamDescriptionSummary: summary } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    return summary?.StreamStatus;
  };
  await until(`${StreamName} active`, status, (now) => now === 'ACTIVE', STREAM_WITHIN_MS);
}
