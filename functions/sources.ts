import { createKinesisSourceStream } from '../lib/adapters/aws/kinesis-source-stream.ts';
import type { SourceStreams } from '../lib/ports/source-stream.ts';
import { streamArns } from './environment.ts';

type KinesisClient = Parameters<typeof createKinesisSourceStream>[0];

/** The streams of the pipeline, by the name of their source, and the names by their ARN. */
export function createSources(kinesis: KinesisClient): {
  readonly streams: SourceStreams;
  readonly sources: ReadonlyMap<string, string>;
} {
  const arns = [...streamArns()];
  return {
    streams: new Map(arns.map(([name, arn]) => [name, createKinesisSourceStream(kinesis, arn)])),
    sources: new Map(arns.map(([name, arn]) => [arn, name])),
  };
}
