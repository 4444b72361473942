import { type Duration, Token } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import { type Alias, CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct, type IDependable } from 'constructs';
import { pascalCase } from '../pascal-case.ts';
import { refuse } from '../refuse.ts';
import type { StaticTables } from '../static-tables.ts';
import type { CheckpointBucket } from './checkpoint-bucket.ts';
import type { CommitLogTable } from './commit-log-table.ts';
import { EngineFunction, type EngineFunctionProps } from './engine-function.ts';
import type { Outputs } from './outputs.ts';

export interface PartitionTaskProps extends Omit<EngineFunctionProps, 'name' | 'description'> {
  readonly pipeline: string;
  /** Streams by the name of their source; batches of each come to the one function. */
  readonly streams: Readonly<Record<string, IStream>>;
  readonly commitLog: CommitLogTable;
  readonly checkpoints: CheckpointBucket;
  readonly outputs: Outputs;
  readonly tables: StaticTables;
  readonly batchSize: number;
  readonly maxBatchingWindow: Duration;
  readonly maxRecordAge: Duration;
  /** What has to be in place before the new version takes over. */
  readonly after: readonly IDependable[];
}

/** Limits of a mapping ("Lambda parameters for Kinesis event source mappings"). */
const BATCH_SIZE_MAX = 10_000;
const BATCHING_WINDOW_SECONDS_MAX = 300;
const RECORD_AGE_SECONDS_MAX = 604_800;
const RECORD_AGE_SECONDS_MIN = 60;

/**
 * The function that processes one batch of one shard, and the mappings that hand it the batches.
 *
 * A mapping invokes the alias `live`, which points at a published version. Lambda numbers versions
 * upwards, never uses a number twice, and publishes one for every change of code or configuration,
 * also for a change back to what was there before. So the version is the deploy epoch, and synthesis
 * needs to know nothing about what is deployed. The alias moves last, after everything else that could
 * fail; should CloudFormation move it back nevertheless, the older version refuses logs that the
 * newer one has written to, and any new deploy that changes the function goes on.
 */
export class PartitionTask extends Construct {
  readonly function: EngineFunction;

  constructor(scope: Construct, id: string, props: PartitionTaskProps) {
    super(scope, id);
    assertMapping(props);
    const { pipeline, streams, commitLog, checkpoints, outputs, tables } = props;
    this.function = new EngineFunction(this, 'Task', {
      ...props,
      name: 'partition-task',
      description: `Rivulet: one batch of one shard of pipeline ${pipeline}`,
    });
    this.function.allow(
      new PolicyStatement({
        sid: 'ReadSourceRecords',
        // DescribeStream is not of the engine: the mapping itself reads with this role.
        actions: [
          'kinesis:DescribeStream',
          'kinesis:DescribeStreamSummary',
          'kinesis:GetRecords',
          'kinesis:GetShardIterator',
          'kinesis:ListShards',
        ],
        resources: Object.values(streams).map(({ streamArn }) => streamArn),
      }),
    );
    commitLog.grantAppend(this.function);
    checkpoints.grantReadWrite(this.function);
    checkpoints.grantKeepFailedBatches(this.function);
    outputs.grantPublish(this.function);
    tables.grantRead(this.function);
    const live = this.function.function.addAlias('live');
    live.node.addDependency(...props.after);
    const sources = Object.entries(streams);
    for (const [name, stream] of sources) {
      const suffix = sources.length === 1 ? '' : pascalCase(name);
      this.createMapping(`Mapping${suffix}`, { ...props, stream, live });
    }
  }

  private createMapping(
    id: string,
    props: PartitionTaskProps & { readonly stream: IStream; readonly live: Alias },
  ): void {
    new CfnEventSourceMapping(this, id, {
      eventSourceArn: props.stream.streamArn,
      functionName: props.live.functionArn,
      enabled: true,
      batchSize: props.batchSize,
      maximumBatchingWindowInSeconds: props.maxBatchingWindow.toSeconds(),
      // One batch of a shard at a time: positions are committed in the order of the shard.
      parallelizationFactor: 1,
      // A mapping that was created again must not skip what came in between; duplicates are dropped.
      startingPosition: 'TRIM_HORIZON',
      // A mapping that gives up loses records in silence, so it does not, within the finite age.
      maximumRetryAttempts: -1,
      maximumRecordAgeInSeconds: props.maxRecordAge.toSeconds(),
      // The engine isolates a poison record itself, by halving the batch after three starts on one
      // head. Bisecting here would halve it at every throttled write, too, without an end to the
      // retries: an outage of minutes would leave a batch of 10,000 as as many batches of one record.
      bisectBatchOnFunctionError: false,
      functionResponseTypes: ['ReportBatchItemFailures'],
      // S3 and not SQS: the document there holds the payload, so nothing is lost even then.
      destinationConfig: { onFailure: { destination: props.checkpoints.bucket.bucketArn } },
    });
  }
}

function assertMapping({ batchSize, maxBatchingWindow, maxRecordAge }: PartitionTaskProps): void {
  assertWhole('batchSize', batchSize, { min: 1, max: BATCH_SIZE_MAX, unit: 'records' });
  assertSeconds('maxBatchingWindow', maxBatchingWindow, {
    min: 0,
    max: BATCHING_WINDOW_SECONDS_MAX,
  });
  assertSeconds('maxRecordAge', maxRecordAge, {
    min: RECORD_AGE_SECONDS_MIN,
    max: RECORD_AGE_SECONDS_MAX,
  });
  if (maxBatchingWindow.isUnresolved() || Token.isUnresolved(batchSize)) return;
  if (batchSize > 10 && maxBatchingWindow.toSeconds() < 1) {
    refuse(
      `maxBatchingWindow has to be at least 1 second when batchSize is above 10: Lambda asks for it`,
    );
  }
}

function assertSeconds(
  name: string,
  value: Duration,
  range: { readonly min: number; readonly max: number },
): void {
  if (value.isUnresolved()) return;
  assertWhole(name, value.toSeconds({ integral: false }), { ...range, unit: 'seconds' });
}

function assertWhole(
  name: string,
  value: number,
  { min, max, unit }: { readonly min: number; readonly max: number; readonly unit: string },
): void {
  if (Token.isUnresolved(value)) return;
  if (!Number.isInteger(value) || value < min || value > max) {
    refuse(`${name} is ${value} ${unit}: Lambda takes whole numbers from ${min} to ${max}`);
  }
}
