// The authoring API: the only module that pipelines import.

export { Decimal } from './model/decimal.ts';
export type { ErrorKind } from './model/errors.ts';
export { EngineError } from './model/errors.ts';
export type {
  Aggregate,
  Aggregator,
  DecimalSelector,
  DistinctOptions,
  PercentileOptions,
} from './plan/aggregate.ts';
export {
  aggregator,
  approxCountDistinct,
  approxPercentile,
  avg,
  collectList,
  collectSet,
  count,
  countIf,
  decimal,
  first,
  last,
  max,
  median,
  min,
  stddev,
  sum,
  topK,
  variance,
} from './plan/aggregate.ts';
export type {
  JoinKeys,
  JoinOptions,
  KeyArgument,
  StaticJoinOptions,
  TimeBounds,
} from './plan/join-types.ts';
export type { PipelineOptions } from './plan/pipeline.ts';
export { pipeline } from './plan/pipeline.ts';
export type {
  CountWindowSpec,
  Duration,
  JoinType,
  OutputMode,
  Plan,
  SessionWindowSpec,
  TimeUnit,
  TimeWindowSpec,
  WindowSpec,
} from './plan/plan.ts';
export type { StoredRow } from './plan/row-types.ts';
export type {
  BatchContext,
  BatchFunction,
  DynamodbSink,
  ForeachBatchSink,
  NoopSink,
  S3Options,
  S3Partition,
  S3Sink,
  Sink,
} from './plan/sink.ts';
export { dynamodb, foreachBatch, noop, s3 } from './plan/sink.ts';
export type { KinesisSource, UnpartitionedKinesisSource } from './plan/source.ts';
export { kinesis } from './plan/source.ts';
export type { JoinTable } from './plan/static-table.ts';
export { dynamodbTable, s3Table, staticRows } from './plan/static-table.ts';
export type {
  BatchTime,
  InitialState,
  MapWithStateOptions,
  ProcessDefinition,
  TimeoutOptions,
  WatermarkOptions,
  WindowBounds,
  WindowOptions,
} from './plan/step-options.ts';
export type {
  BatchStream,
  GroupedStream,
  KeyedStream,
  NamedPipeline,
  Pipeline,
  Stream,
  WindowedStream,
} from './plan/stream.ts';
export type {
  GroupState,
  KeyState,
  ListState,
  MapState,
  ProcessContext,
  StatePart,
  StatePartOptions,
  Timers,
  UpdateContext,
  ValueState,
} from './plan/user-state.ts';
export { list, map, rowsOf, value } from './plan/user-state.ts';
export type { SessionWindow } from './plan/window.ts';
export { counting, instants, session, sliding, tumbling } from './plan/window.ts';
