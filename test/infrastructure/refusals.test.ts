import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Stream, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { describe, expect, it } from 'vitest';
import type { StreamingPipelineProps } from '../../cdk/index.ts';
import { addPipeline, aStack } from '../support/synthesis.ts';

/** The sentence with which a pipeline is refused. */
function refusalOf(fixture: string, props: Partial<StreamingPipelineProps> = {}): string {
  try {
    addPipeline(aStack(), fixture, props);
  } catch (error) {
    expect(error).toMatchObject({ name: 'EngineError', kind: 'invalid' });
    return (error as Error).message;
  }
  throw new Error(`${fixture} was not refused`);
}

describe('an entry is refused with a sentence', () => {
  const sentences: Readonly<Record<string, readonly [fixture: string, sentence: RegExp]>> = {
    'that does not exist': [
      'nowhere',
      /^entry test\/infrastructure\/fixtures\/nowhere\.entry\.ts does not exist: give the path/,
    ],
    'without a pipeline': ['no-pipeline', /has no pipeline as its default export: write `export/],
    'whose plan is wrong': ['wrong-plan', /^append mode needs a watermark: add \.withWatermark/],
    'that fails while it is loaded': [
      'breaks',
      /breaks\.entry\.ts failed while it was loaded: .*JSON/,
    ],
    'with two sinks of one name': ['same-names', /two sinks of one kind are named 'Calls'/],
  };
  it.each(Object.entries(sentences))('%s', (_case, [fixture, sentence]) => {
    expect(refusalOf(fixture)).toMatch(sentence);
  });
});

it('an entry that cannot be bundled is refused with the place of the mistake', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-test-'));
  const entry = join(folder, 'lost.ts');
  try {
    writeFileSync(entry, "import './nowhere.ts';\nexport default undefined;\n");
    expect(refusalOf('lost', { entry })).toMatch(
      /lost\.ts cannot be bundled: .*lost\.ts:1: Could not resolve "\.\/nowhere\.ts"$/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('a setting is refused with its limit', () => {
  const settings: Readonly<Record<string, readonly [Partial<StreamingPipelineProps>, RegExp]>> = {
    'no shards': [{ shardCount: 0 }, /^shardCount is 0: give a whole number of at least 1$/],
    'a half shard': [{ shardCount: 1.5 }, /^shardCount is 1\.5/],
    'no number of shards': [{ shardCount: Number.NaN }, /^shardCount is NaN/],
    'shards of an on-demand stream': [
      { shardCount: 2, streamMode: StreamMode.ON_DEMAND },
      /leave out shardCount/,
    ],
    'an empty batch': [{ batchSize: 0 }, /^batchSize is 0 records: .* from 1 to 10000$/],
    'a batch above the limit': [{ batchSize: 10_001 }, /^batchSize is 10001 records/],
    'a batching window above the limit': [
      { maxBatchingWindow: Duration.seconds(301) },
      /^maxBatchingWindow is 301 seconds: .* from 0 to 300$/,
    ],
    'half a second of batching': [
      { maxBatchingWindow: Duration.millis(500) },
      /^maxBatchingWindow is 0\.5 seconds/,
    ],
    'large batches without waiting': [
      { maxBatchingWindow: Duration.seconds(0) },
      /^maxBatchingWindow has to be at least 1 second/,
    ],
    'a record age above a week': [
      { maxRecordAge: Duration.days(8) },
      /^maxRecordAge is 691200 seconds: .* from 60 to 604800$/,
    ],
    'a record age below a minute': [{ maxRecordAge: Duration.seconds(59) }, /^maxRecordAge is 59/],
    'retention below a day': [
      { retentionPeriod: Duration.hours(23) },
      /^retentionPeriod is 23 hours: Kinesis takes whole hours from 24 to 8760$/,
    ],
    'a snapshot on removal': [
      { removalPolicy: RemovalPolicy.SNAPSHOT },
      /^removalPolicy SNAPSHOT is not possible/,
    ],
  };
  it.each(Object.entries(settings))('%s', (_case, [props, sentence]) => {
    expect(refusalOf('archive', props)).toMatch(sentence);
  });

  it('an on-demand stream under keyed state, which would not follow its splits', () => {
    expect(refusalOf('call-records', { streamMode: StreamMode.ON_DEMAND })).toMatch(
      /keeps state by key, which does not follow the splits of an on-demand stream: leave out/,
    );
  });

  it.each([
    { shardCount: 2 },
    { streamMode: StreamMode.PROVISIONED },
    { retentionPeriod: Duration.hours(48) },
  ])('%o of a stream that belongs to someone else', (props) => {
    const stack = aStack();
    const stream = Stream.fromStreamArn(stack, 'Theirs', 'arn:aws:kinesis:a:1:stream/s');
    expect(() => addPipeline(stack, 'archive', { stream, ...props })).toThrow(
      `${Object.keys(props)[0]} belongs to the owner of an existing stream`,
    );
  });
});

it('two pipelines whose outputs would have the same keys do not fit into one stack', () => {
  const stack = aStack();
  addPipeline(stack, 'archive');
  expect(() => addPipeline(stack, 'archive-again')).toThrow(
    "pipelines 'archive' and 'Archive' would have the same outputs (Archive…) in one stack",
  );
});
