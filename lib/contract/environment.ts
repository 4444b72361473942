// Names that the constructs write and the functions read back. Nothing else passes between them.

/** Environment variables of the deployed functions. */
export const ENVIRONMENT = {
  pipeline: 'RIVULET_PIPELINE',
  streamArn: 'RIVULET_STREAM_ARN',
  commitLogTable: 'RIVULET_COMMIT_LOG_TABLE',
  checkpointBucket: 'RIVULET_CHECKPOINT_BUCKET',
  /** JSON: `SinkTargets`. */
  sinkTargets: 'RIVULET_SINK_TARGETS',
  /** Content hash of the bundled code, for lineage. */
  codeHash: 'RIVULET_CODE_HASH',
  recordAgeMaxS: 'RIVULET_RECORD_AGE_MAX_S',
  /** Logical name of the source, part of every log's id. */
  source: 'RIVULET_SOURCE',
  /** `fail` or `warn`. */
  onGap: 'RIVULET_ON_GAP',
} as const;

/** Variables that are there only where a pipeline needs them. */
export const OPTIONAL_ENVIRONMENT = {
  /** JSON: ARNs of streams by the name of their source; instead of `streamArn` and `source` for several. */
  sources: 'RIVULET_SOURCES',
  /** `true` where all shards share one log; absent otherwise. */
  inOneTask: 'RIVULET_IN_ONE_TASK',
  /** JSON: `TablePlaces`; absent where the plan reads no tables. */
  staticTables: 'RIVULET_STATIC_TABLES',
} as const;

/** Lambda's own variable: the published version, a number that rises with every changed deploy. */
export const FUNCTION_VERSION = 'AWS_LAMBDA_FUNCTION_VERSION';

/** Where each sink of a plan writes, by sink uid; `dead-letters` is always there. */
export type SinkTargets = Readonly<
  Record<
    string,
    | { readonly kind: 'dynamodb'; readonly tableName: string }
    | { readonly kind: 's3'; readonly bucketName: string; readonly prefix: string }
  >
>;

/** Where each static table of a plan is read, by its name. */
export type TablePlaces = Readonly<
  Record<
    string,
    | { readonly kind: 'dynamodb'; readonly tableName: string }
    | { readonly kind: 's3'; readonly bucketName: string; readonly key: string }
  >
>;

/** The uid under which `SinkTargets` names the place of dead letters. */
export const DEAD_LETTERS = 'dead-letters';
