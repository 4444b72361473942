import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stream, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import type { StreamingPipelineProps } from '../../cdk/index.ts';
import { statementsOf, text } from '../support/iam.ts';
import { addPipeline, aStack, aTemplate, resourcesOf } from '../support/synthesis.ts';

const MAPPING = 'AWS::Lambda::EventSourceMapping';
const STREAM = 'AWS::Kinesis::Stream';

/** A pipeline with two sources and two tables; one of its streams is there already. */
function build(props: Partial<StreamingPipelineProps> = {}) {
  const stack = aStack();
  const calls = new Stream(stack, 'Calls');
  const bucket = new Bucket(stack, 'Reference');
  const table = new Table(stack, 'Callers', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
  });
  const tables = { plans: { bucket, key: 'plans/v1.ndjson' }, callers: { table } };
  const pipeline = addPipeline(stack, 'two-sources', {
    sources: { calls: { stream: calls }, 'web-clicks': { shardCount: 5 } },
    shardCount: 3,
    tables,
    batchSize: 500,
    ...props,
  });
  return { stack, pipeline, calls };
}

describe('a pipeline with two sources', () => {
  const { stack, pipeline } = build();
  pipeline.grantPut(
    new Role(stack, 'Producer', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
  );
  const template = Template.fromStack(stack);
  const mappings = Object.entries(resourcesOf(template, MAPPING));
  const variables = (id: RegExp) => {
    const functions = Object.entries(resourcesOf(template, 'AWS::Lambda::Function'));
    const [, { Properties }] = functions.find(([name]) => id.test(name))!;
    return (Properties['Environment'] as { Variables: Record<string, unknown> }).Variables;
  };

  it('makes the streams that are not there', () => {
    const streams = Object.entries(resourcesOf(template, STREAM)).map(([name, { Properties }]) => [
      name.replace(/[0-9A-F]{8}$/, ''),
      Properties['ShardCount'],
    ]);
    expect(streams).toEqual([
      ['Calls', 1],
      ['twosourcesSourceWebClicksStream', 5],
    ]);
    expect(Object.keys(pipeline.streams)).toEqual(['calls', 'web-clicks']);
  });

  it('has a mapping for each on one function, with the same settings', () => {
    expect(mappings.map(([name]) => name.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'twosourcesPartitionTaskMappingCalls',
      'twosourcesPartitionTaskMappingWebClicks',
    ]);
    const [first, second] = mappings.map(([, { Properties }]) => Properties);
    const { EventSourceArn: calls, ...settings } = first!;
    const { EventSourceArn: clicks, ...others } = second!;
    expect(text(calls)).toMatch(/^Calls/);
    expect(text(clicks)).toMatch(/^twosourcesSourceWebClicksStream/);
    expect(settings).toEqual(others);
    expect(settings['BatchSize']).toBe(500);
  });

  it.each([/PartitionTaskFunction/, /MaintenanceTaskFunction/])(
    'tells %s about all of them',
    (id) => {
      const given = variables(id);
      expect(text(given['RIVULET_SOURCES'])).toMatch(
        /^\{"calls":"Calls[^"]*","web-clicks":"twosourcesSourceWebClicksStream[^"]*"\}$/,
      );
      expect(given['RIVULET_IN_ONE_TASK']).toBe('true');
      expect(Object.keys(given)).not.toContain('RIVULET_STREAM_ARN');
      expect(Object.keys(given)).not.toContain('RIVULET_SOURCE');
    },
  );

  it('tells the task where the tables stand, and lets it read them only', () => {
    expect(text(variables(/PartitionTaskFunction/)['RIVULET_STATIC_TABLES'])).toMatch(
      /^\{"plans":\{"kind":"s3","bucketName":"Reference[^"]*","key":"plans\/v1\.ndjson"\},"callers":\{"kind":"dynamodb","tableName":"Callers[^"]*"\}\}$/,
    );
    expect(variables(/MaintenanceTaskFunction/)).not.toHaveProperty('RIVULET_STATIC_TABLES');
    const statements = statementsOf(template, /^twosourcesPartitionTask/);
    const about = (id: RegExp) =>
      statements
        .filter(({ resources }) => resources.some((resource) => id.test(resource)))
        .map(({ actions, resources }) => [
          actions,
          resources.map((at) => at.replace(/[0-9A-F]{8}/, '')),
        ]);
    expect(about(/^Reference/)).toEqual([[['s3:GetObject'], ['Reference/plans/v1.ndjson']]]);
    expect(about(/^Callers/)).toEqual([[['dynamodb:Scan'], ['Callers']]]);
  });

  it('lets the functions read both streams, and a producer put to both', () => {
    for (const role of [/^twosourcesPartitionTask/, /^twosourcesMaintenance/, /^Producer/]) {
      const [statement] = statementsOf(template, role).filter(({ actions }) =>
        actions.includes('kinesis:ListShards'),
      );
      expect(statement!.resources.map((at) => at.replace(/[0-9A-F]{8}$/, ''))).toEqual([
        'Calls',
        'twosourcesSourceWebClicksStream',
      ]);
    }
  });

  it('names its streams in the outputs of the stack', () => {
    const outputs = template.findOutputs('*');
    expect(outputs['TwoSourcesSources']).toEqual({ Value: 'calls,web-clicks' });
    expect(Object.keys(outputs).filter((name) => name.endsWith('Stream'))).toEqual([
      'TwoSourcesCallsStream',
      'TwoSourcesWebClicksStream',
    ]);
  });
});

it('a plan in one task may read streams whose shards come and go', () => {
  const { stack } = build({
    sources: { calls: { streamMode: StreamMode.ON_DEMAND, retentionPeriod: Duration.hours(48) } },
    shardCount: undefined as never,
  });
  const streams = Object.values(resourcesOf(Template.fromStack(stack), STREAM));
  expect(
    streams.map(({ Properties }) => [Properties['ShardCount'], Properties['RetentionPeriodHours']]),
  ).toEqual([
    [1, 24],
    [undefined, 48],
    [2, 24],
  ]);
});

it('one source may be named, too', () => {
  const template = aTemplate({ sources: { calls: { shardCount: 7 } }, shardCount: 3 }, 'archive');
  const [stream] = Object.values(resourcesOf(template, STREAM));
  expect(stream!.Properties['ShardCount']).toBe(7);
});

describe('is refused with a sentence:', () => {
  const stream = new Stream(aStack(), 'Calls');
  const cases: Readonly<Record<string, readonly [Partial<StreamingPipelineProps>, RegExp]>> = {
    'settings of no source': [
      { sources: { cals: {} } },
      /^pipeline 'two-sources' has no source 'cals': it has calls, web-clicks$/,
    ],
    'one stream for a pipeline with two sources': [
      { stream },
      /^pipeline 'two-sources' has 2 sources: give existing streams as sources: \{ 'calls': \{ stream \} \}$/,
    ],
    'one stream for two sources': [
      { sources: { calls: { stream }, 'web-clicks': { stream } } },
      /^sources 'web-clicks' and 'calls' of pipeline 'two-sources' are one stream/,
    ],
    'a table without a place': [
      { tables: {} },
      /joins with table 'plans': add tables: \{ 'plans': \{ bucket, key: 'rows\.ndjson' \} \}$/,
    ],
    'settings of an existing stream': [
      { sources: { calls: { stream, shardCount: 2 } } },
      /^shardCount belongs to the owner of an existing stream/,
    ],
  };
  it.each(Object.entries(cases))('%s', (_case, [props, sentence]) => {
    expect(() => build(props)).toThrow(sentence);
  });

  it('a place that no table has', () => {
    const bucket = new Bucket(aStack(), 'Reference');
    const tables = { plans: { bucket, key: 'plans.ndjson' } };
    expect(() => aTemplate({ tables }, 'archive')).toThrow(
      /joins with no table 'plans': leave it out/,
    );
  });
});
