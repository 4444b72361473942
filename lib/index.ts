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
export { pipeline } from './plan/pipeline.ts';
export type { Duration, OutputMode, Plan, TimeUnit, WindowSpec } from './plan/plan.ts';
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
export type {
  GroupedStream,
  KeyedStream,
  NamedPipeline,
  Pipeline,
  Stream,
  WatermarkOptions,
  WindowBounds,
} from './plan/stream.ts';
export { sliding, tumbling } from './plan/window.ts';
