import { resolve } from 'node:path';
import { Duration, RemovalPolicy, Stack, Tokenization } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { type IStream, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ENVIRONMENT, OPTIONAL_ENVIRONMENT } from '../lib/contract/environment.ts';
import { RECORD_AGE_MAX_S } from '../lib/model/limits.ts';
import { isKeyed, type Plan, sourcesOf } from '../lib/plan/plan.ts';
import { loadPlan } from './bundling/load-plan.ts';
import { CheckpointBucket } from './constructs/checkpoint-bucket.ts';
import { CommitLogTable } from './constructs/commit-log-table.ts';
import { Maintenance } from './constructs/maintenance.ts';
import { Outputs } from './constructs/outputs.ts';
import { PartitionTask } from './constructs/partition-task.ts';
import { createProtection, type Protection } from './constructs/protection.ts';
import { SourceStream, type SourceStreamProps } from './constructs/source-stream.ts';
import { StackOutputs } from './constructs/stack-outputs.ts';
import { pascalCase } from './pascal-case.ts';
import { refuse } from './refuse.ts';
import { findStaticTables, type StaticTablePlace, type StaticTables } from './static-tables.ts';

/** The stream of one source. */
export interface SourceProps
  extends Pick<
    StreamingPipelineProps,
    'stream' | 'shardCount' | 'streamMode' | 'retentionPeriod'
  > {}

export interface StreamingPipelineProps {
  /**
   * Path of the module whose default export is the pipeline. It is bundled, run once to read its
   * plan, and bundled again into the functions. Relative paths start where `cdk` runs.
   */
  readonly entry: string;

  /**
   * Number of shards of the stream: the unit of parallelism, 1 MiB or 1,000 records a second each.
   * Keyed state does not follow a change of it yet: choose it before the first deployment.
   *
   * @default 2
   */
  readonly shardCount?: number;

  /**
   * Whether shards are provisioned or come and go by themselves. Pipelines with keyed state need
   * provisioned ones, since their state does not follow a split yet.
   *
   * @default StreamMode.PROVISIONED
   */
  readonly streamMode?: StreamMode;

  /**
   * A stream that exists already; it keeps its own settings.
   *
   * @default a new stream, encrypted with the key `aws/kinesis` or with `key`
   */
  readonly stream?: IStream;

  /**
   * Streams by the name of their source, for pipelines with several: an existing one, or settings
   * of a new one. What is left out is as the properties beside this one say.
   *
   * @default a new stream for each source
   */
  readonly sources?: Readonly<Record<string, SourceProps>>;

  /**
   * Where the tables stand that the pipeline joins with, by their name: `{ bucket, key }` of an object
   * of NDJSON, or `{ table }`. The pipeline may read them and nothing else.
   *
   * @default none; every table of the pipeline needs a place
   */
  readonly tables?: Readonly<Record<string, StaticTablePlace>>;

  /**
   * How long the new stream keeps records, in whole hours from one day to a year. It is the time to
   * repair a pipeline that stands still; above one day every shard costs more per hour.
   *
   * @default Duration.hours(24)
   */
  readonly retentionPeriod?: Duration;

  /**
   * Customer-managed key for stream, tables, buckets, logs and environment variables. It has a
   * monthly price and one per request; the policy of an imported key has to allow CloudWatch Logs.
   *
   * @default keys that AWS manages: `aws/kinesis`, `aws/dynamodb`, SSE-S3; without a monthly price
   */
  readonly key?: IKey;

  /**
   * Most records of one batch, up to 10,000.
   *
   * @default 10,000
   */
  readonly batchSize?: number;

  /**
   * How long Lambda waits for a batch to fill, up to 5 minutes: the price of fewer, larger commits.
   *
   * @default Duration.seconds(1)
   */
  readonly maxBatchingWindow?: Duration;

  /**
   * Age at which the mapping gives a record up, into the checkpoint bucket under `aws/lambda/`; from
   * a minute to seven days. The stream's retention ends earlier if it is shorter.
   *
   * @default Duration.days(7)
   */
  readonly maxRecordAge?: Duration;

  /**
   * What to do when records left the stream before they were read: `fail` stands still until someone
   * looks, `warn` goes on and writes the gap into the commit.
   *
   * @default 'fail'
   */
  readonly onGap?: 'fail' | 'warn';

  /**
   * Memory of both functions in MB; processing power grows with it.
   *
   * @default 1,769, which is one full processor
   */
  readonly memorySize?: number;

  /**
   * Most time that one batch may take, up to 15 minutes.
   *
   * @default Duration.minutes(2)
   */
  readonly timeout?: Duration;

  /**
   * How often commits are folded into checkpoints, where there is enough to fold.
   *
   * @default Duration.minutes(5)
   */
  readonly checkpointInterval?: Duration;

  /**
   * How long logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

  /**
   * What happens to stream, tables, buckets and logs when the stack is deleted. `DESTROY` also takes
   * the deletion protection off the tables; buckets still have to be emptied first, by hand, because
   * nothing that is deployed may delete what the pipeline wrote.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** One full processor ("Configure Lambda function memory"). */
const MEMORY_MB = 1_769;
const TASK_TIMEOUT = Duration.minutes(2);
/** Most time of one maintenance run; no longer than the default interval, so that runs do not overlap. */
const MAINTENANCE_TIMEOUT = Duration.minutes(5);

/**
 * A deployed pipeline: its stream, the function that processes its shards, the commit log,
 * checkpoints, and the places of its rows.
 *
 * Concurrency is not reserved, so that pipelines share what the account has. A pipeline never uses
 * more than one invocation per shard; where others could take them all, reserve `shardCount`.
 *
 * @example
 * new StreamingPipeline(this, 'Delays', { entry: 'functions/pipelines/delays.ts', shardCount: 2 });
 */
export class StreamingPipeline extends Construct {
  /** What the pipeline computes. */
  readonly plan: Plan;
  /** Where events are put, with the partition key that the source declares; the first of several. */
  readonly stream: IStream;
  /** The stream of each source, by its name. */
  readonly streams: Readonly<Record<string, IStream>>;
  /** Rows, late rows and dead letters, by prefix. */
  readonly outputBucket: Bucket;
  /** What the functions of `foreachBatch` need is given to it: variables, and grants of its role. */
  readonly partitionTask: LambdaFunction;
  readonly maintenance: IFunction;
  readonly #outputs: Outputs;

  constructor(scope: Construct, id: string, props: StreamingPipelineProps) {
    super(scope, id);
    const entry = resolve(props.entry);
    this.plan = loadPlan(entry);
    assertDeployable(this.plan, props);
    const tables = findStaticTables(this.plan, props.tables ?? {});
    const protection = createProtection(this, {
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      key: props.key,
    });

    const sources = this.createSources(props, protection);
    const streams = Object.fromEntries(sources.map(([name, { stream }]) => [name, stream]));
    const commitLog = new CommitLogTable(this, 'CommitLog', protection);
    const checkpoints = new CheckpointBucket(this, 'Checkpoints', protection);
    const outputs = new Outputs(this, 'Outputs', { plan: this.plan, protection });

    const maxRecordAge = props.maxRecordAge ?? Duration.seconds(RECORD_AGE_MAX_S);
    const shared = {
      entry,
      pipeline: this.plan.name,
      commitLog,
      checkpoints,
      memorySize: props.memorySize ?? MEMORY_MB,
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      protection,
      environment: {
        [ENVIRONMENT.pipeline]: this.plan.name,
        ...this.streamVariables(streams),
        [ENVIRONMENT.commitLogTable]: commitLog.table.tableName,
        [ENVIRONMENT.checkpointBucket]: checkpoints.bucket.bucketName,
        [ENVIRONMENT.sinkTargets]: Stack.of(this).toJsonString(outputs.targets),
        ...this.logVariables(streams),
        [ENVIRONMENT.onGap]: props.onGap ?? 'fail',
        [ENVIRONMENT.recordAgeMaxS]: Tokenization.stringifyNumber(maxRecordAge.toSeconds()),
      },
    };
    const maintenance = new Maintenance(this, 'Maintenance', {
      ...shared,
      streams: Object.values(streams),
      timeout: MAINTENANCE_TIMEOUT,
      interval: props.checkpointInterval ?? Duration.minutes(5),
    });
    const partitionTask = new PartitionTask(this, 'PartitionTask', {
      ...shared,
      environment: { ...shared.environment, ...this.tableVariables(tables) },
      streams,
      outputs,
      tables,
      timeout: props.timeout ?? TASK_TIMEOUT,
      batchSize: props.batchSize ?? 10_000,
      maxBatchingWindow: props.maxBatchingWindow ?? Duration.seconds(1),
      maxRecordAge,
      after: [...sources.map(([, source]) => source), commitLog, checkpoints, outputs, maintenance],
    });

    this.streams = streams;
    this.stream = sources[0]![1].stream;
    this.outputBucket = outputs.bucket;
    this.partitionTask = partitionTask.function.function;
    this.maintenance = maintenance.function.function;
    this.#outputs = outputs;
    new StackOutputs(this, 'StackOutputs', {
      pipeline: this.plan.name,
      streams: Object.fromEntries(sources.map(([name, { stream }]) => [name, stream.streamName])),
      table: outputs.tables[0]?.tableName,
      bucket: outputs.bucket.bucketName,
      rowsPrefix: outputs.prefixes.rows,
      deadLettersPrefix: outputs.prefixes.deadLetters,
      latePrefix: outputs.prefixes.late,
    });
  }

  private createSources(
    props: StreamingPipelineProps,
    protection: Protection,
  ): readonly (readonly [string, SourceStream])[] {
    const names = sourcesOf(this.plan).map(({ name }) => name);
    return names.map((name) => {
      const id = names.length === 1 ? 'Source' : `Source${pascalCase(name)}`;
      const settings = settingsOf(props, props.sources?.[name] ?? {});
      return [name, new SourceStream(this, id, { ...settings, protection })];
    });
  }

  /** Which streams there are. */
  private streamVariables(streams: Readonly<Record<string, IStream>>): Record<string, string> {
    const arns = Object.entries(streams).map(([name, { streamArn }]) => [name, streamArn] as const);
    const [first] = arns;
    return first !== undefined && arns.length === 1
      ? { [ENVIRONMENT.streamArn]: first[1] }
      : { [OPTIONAL_ENVIRONMENT.sources]: Stack.of(this).toJsonString(Object.fromEntries(arns)) };
  }

  /** Which logs there are. */
  private logVariables(streams: Readonly<Record<string, IStream>>): Record<string, string> {
    const [first, second] = Object.keys(streams);
    return {
      ...(first !== undefined && second === undefined && { [ENVIRONMENT.source]: first }),
      ...(this.plan.inOneTask && { [OPTIONAL_ENVIRONMENT.inOneTask]: 'true' }),
    };
  }

  private tableVariables({ places }: StaticTables): Record<string, string> {
    if (Object.keys(places).length === 0) return {};
    return { [OPTIONAL_ENVIRONMENT.staticTables]: Stack.of(this).toJsonString(places) };
  }

  /** Lets `grantee` put events; with the Kinesis Producer Library, too, which also asks for the shards. */
  grantPut(grantee: IGrantable): Grant {
    const grant = Grant.addToPrincipal({
      grantee,
      actions: [
        'kinesis:DescribeStreamSummary',
        'kinesis:ListShards',
        'kinesis:PutRecord',
        'kinesis:PutRecords',
      ],
      resourceArns: Object.values(this.streams).map(({ streamArn }) => streamArn),
    });
    const keys = new Set(Object.values(this.streams).map(({ encryptionKey }) => encryptionKey));
    return [...keys].reduce(
      (all, key) => (key ? all.combine(key.grant(grantee, 'kms:GenerateDataKey')) : all),
      grant,
    );
  }

  /** Lets `grantee` read result tables, rows, late rows and dead letters; nothing of the engine's own. */
  grantReadOutputs(grantee: IGrantable): Grant {
    const grant = this.#outputs.grantRead(grantee);
    const key = this.outputBucket.encryptionKey;
    return key === undefined ? grant : grant.combine(key.grant(grantee, 'kms:Decrypt'));
  }
}

/** What holds for the stream of one source; an existing one has nothing from the pipeline. */
function settingsOf(
  props: StreamingPipelineProps,
  own: SourceProps,
): Omit<SourceStreamProps, 'protection'> {
  const { stream, shardCount, streamMode, retentionPeriod } =
    own.stream === undefined ? { ...props, ...own } : { ...NO_SETTINGS, ...own };
  return { existing: stream, mode: streamMode, shardCount, retentionPeriod };
}

const NO_SETTINGS: SourceProps = {};

/** Refuses plans that are right, but that this construct cannot run, and settings of no source. */
function assertDeployable(plan: Plan, props: StreamingPipelineProps): void {
  const names = sourcesOf(plan).map(({ name }) => name);
  const given = props.sources ?? {};
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    refuse(`pipeline '${plan.name}' has no source '${unknown}': it has ${names.join(', ')}`);
  }
  if (names.length > 1 && props.stream !== undefined) {
    refuse(
      `pipeline '${plan.name}' has ${names.length} sources: give existing streams as sources: { '${names[0]}': { stream } }`,
    );
  }
  for (const name of names) {
    const { existing, mode } = settingsOf(props, given[name] ?? {});
    const other = names.find(
      (one) => one !== name && existing !== undefined && given[one]?.stream === existing,
    );
    if (other !== undefined) {
      refuse(
        `sources '${other}' and '${name}' of pipeline '${plan.name}' are one stream: Lambda hands each of its records over once, so read it as one source`,
      );
    }
    if (isKeyed(plan) && !plan.inOneTask && mode === StreamMode.ON_DEMAND) {
      refuse(
        `pipeline '${plan.name}' keeps state by key, which does not follow the splits of an on-demand stream: leave out streamMode and set shardCount`,
      );
    }
  }
}
