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

/** Hands the committed rows of each batch to a function of the user. */
export interface ForeachBatchSink<Row> {
  readonly kind: 'foreach-batch-sink';
  readonly name: string;
  readonly apply: BatchFunction<Row>;
}

/**
 * Takes the rows of one batch. It is awaited, and what it returns is ignored; it is done when its
 * promise is fulfilled before `signal` aborts.
 */
export type BatchFunction<Row> = (
  rows: readonly Row[],
  batchId: string,
  context: BatchContext,
) => unknown;

/** What a function is told of the invocation that it runs in. */
export interface BatchContext {
  /** Aborts shortly before the invocation ends: pass it on to whatever sends requests. */
  readonly signal: AbortSignal;
}

/** Takes rows and keeps none. */
export interface NoopSink {
  readonly kind: 'noop-sink';
}

/** Hive-style partition of a row's time, in UTC: `dt=YYYY-MM-DD/`, `dt=YYYY-MM-DD/hh=HH/` or none. */
export type S3Partition = 'day' | 'hour' | 'none';

/** Anywhere rows can leave to. */
export type Sink = DynamodbSink | S3Sink | ForeachBatchSink<never> | NoopSink;

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
 * A function of your own that gets the rows of each batch, once they are committed and before the
 * next batch of their shard can be. Batches without rows are skipped.
 *
 * Rows arrive at least once, so the function has to be idempotent. `batchId` is a text that no other
 * batch, shard or sink ever has, and it always comes with the same rows in the same order:
 * `${batchId}-${index}` is the id of a row. When the function throws or rejects, or is cut short, the
 * batch stays committed and is handed over again, as often as it takes; until then the shard waits.
 * So it has to await all that it starts: what is left behind may be cut off, and nobody tries again.
 * A repeat may overlap another, or come after later batches where an invocation was cut short. What
 * follows the last `-` of the id is a number that rises from batch to batch of one shard.
 *
 * Rows are read back from what was committed, so they are plain JSON: decimals as text, dates in ISO
 * 8601, fields that were `undefined` left out, -0 as 0. A row that JSON has no form for, such as one
 * with NaN or a bigint, is a dead letter.
 *
 * A sink that was taken out of a pipeline cannot get the last rows that were committed for it, so the
 * pipeline stops until it is restored, or until a `noop()` that is `.named` like it drops them.
 *
 * @example
 * stream.to(
 *   foreachBatch('alerts', async (rows, batchId, { signal }) => {
 *     const headers = { 'idempotency-key': batchId };
 *     const body = JSON.stringify(rows);
 *     const answer = await fetch(url, { method: 'POST', headers, body, signal });
 *     if (!answer.ok) throw new Error(`alerts were refused with ${answer.status}`);
 *   }),
 *   { mode: 'append' },
 * );
 */
export function foreachBatch<Row>(name: string, apply: BatchFunction<Row>): ForeachBatchSink<Row> {
  return { kind: 'foreach-batch-sink', name, apply };
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
