// Sinks name where rows leave, logically: the construct decides which table or bucket that is.

/** Names one table of result rows. */
export interface DynamodbSink {
  readonly kind: 'dynamodb-sink';
  readonly name: string;
}

/** Names one prefix of the output bucket. */
export interface S3Sink {
  readonly kind: 's3-sink';
  readonly name: string;
  readonly partitionBy: S3Partition;
}

/** Takes rows and keeps none. */
export interface NoopSink {
  readonly kind: 'noop-sink';
}

/** Hive-style partition of a row's time, in UTC: `dt=YYYY-MM-DD/`, `dt=YYYY-MM-DD/hh=HH/` or none. */
export type S3Partition = 'day' | 'hour' | 'none';

/** Anywhere rows can leave to. */
export type Sink = DynamodbSink | S3Sink | NoopSink;

/**
 * A DynamoDB table with one item per group: rows of an aggregation, exactly as its key and window
 * name them, are upserted and fenced against older writers.
 *
 * @example
 * stream.to(dynamodb('delays'), { mode: 'update' });
 */
export function dynamodb(name: string): DynamodbSink {
  return { kind: 'dynamodb-sink', name };
}

/** Options of an S3 sink. */
export interface S3Options {
  /**
   * How files are spread over folders by the time of their rows.
   * @default 'day'
   */
  readonly partitionBy?: S3Partition;
}

/**
 * Immutable NDJSON files in S3, for rows in append mode and for late rows. A reader that lists the
 * prefix never sees a partial, doubled or uncommitted file.
 *
 * @example
 * stream.to(s3('delays', { partitionBy: 'hour' }), { mode: 'append' });
 */
export function s3(name: string, options: S3Options = {}): S3Sink {
  return { kind: 's3-sink', name, partitionBy: options.partitionBy ?? 'day' };
}

/**
 * A sink that drops every row, for measurements: the engine does all its work and writes nothing.
 *
 * @example
 * stream.to(noop(), { mode: 'update' });
 */
export function noop(): NoopSink {
  return { kind: 'noop-sink' };
}
