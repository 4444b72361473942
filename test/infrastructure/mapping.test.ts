import { CfnParameter, Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { text } from '../support/iam.ts';
import { addPipeline, aStack, aTemplate, resourcesOf, theResource } from '../support/synthesis.ts';

const template = aTemplate();
const MAPPING = 'AWS::Lambda::EventSourceMapping';

describe('the mapping of a pipeline', () => {
  const { Properties } = theResource(template, MAPPING);

  it('hands one batch of a shard at a time to one task, from the oldest record on', () => {
    expect(Properties).toMatchObject({
      ParallelizationFactor: 1,
      StartingPosition: 'TRIM_HORIZON',
      Enabled: true,
    });
  });

  it('takes full batches and waits a second for them', () => {
    expect(Properties).toMatchObject({ BatchSize: 10_000, MaximumBatchingWindowInSeconds: 1 });
  });

  it('never gives up within seven days, and leaves poison to the engine', () => {
    expect(Properties).toMatchObject({
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: 604_800,
      BisectBatchOnFunctionError: false,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  it('keeps what it gives up in the bucket of checkpoints, with the payload', () => {
    const destination = Properties['DestinationConfig'] as {
      readonly OnFailure: { readonly Destination: unknown };
    };
    expect(text(destination.OnFailure.Destination)).toMatch(/CheckpointsBucket/);
  });

  it('reads the stream of the pipeline', () => {
    expect(text(Properties['EventSourceArn'])).toMatch(/SourceStream/);
  });

  it('states every setting, so that no default can change one', () => {
    expect(Object.keys(Properties).sort()).toEqual([
      'BatchSize',
      'BisectBatchOnFunctionError',
      'DestinationConfig',
      'Enabled',
      'EventSourceArn',
      'FunctionName',
      'FunctionResponseTypes',
      'MaximumBatchingWindowInSeconds',
      'MaximumRecordAgeInSeconds',
      'MaximumRetryAttempts',
      'ParallelizationFactor',
      'StartingPosition',
    ]);
  });
});

describe('the deploy epoch', () => {
  it('is the published version behind the alias that the mapping invokes', () => {
    const alias = text(theResource(template, MAPPING).Properties['FunctionName']);
    expect(resourcesOf(template, 'AWS::Lambda::Alias')[alias]?.Properties).toMatchObject({
      Name: 'live',
      FunctionVersion: { 'Fn::GetAtt': [versionOf(template), 'Version'] },
    });
  });

  it('rises when the configuration of the function changes', () => {
    expect(versionOf(aTemplate({ memorySize: 3_008 }))).not.toBe(versionOf(template));
  });

  it('rises when the code changes', () => {
    expect(suffixOf(versionOf(aTemplate({}, 'archive')))).not.toBe(suffixOf(versionOf(template)));
  });

  it('stays when nothing changes, and when only the mapping does', () => {
    expect(versionOf(aTemplate())).toBe(versionOf(template));
    expect(versionOf(aTemplate({ batchSize: 500 }))).toBe(versionOf(template));
  });

  it('moves last: everything else is in place before the alias takes the new version', () => {
    const waitsFor = theResource(template, 'AWS::Lambda::Alias').DependsOn ?? [];
    const types = waitsFor.map(
      (id) => Object.entries(template.toJSON()['Resources']).find(([name]) => name === id)?.[1],
    ) as { readonly Type: string }[];
    expect(new Set(types.map(({ Type }) => Type))).toEqual(
      new Set([
        'AWS::DynamoDB::Table',
        'AWS::Events::Rule',
        'AWS::IAM::Policy',
        'AWS::IAM::Role',
        'AWS::Kinesis::Stream',
        'AWS::Lambda::Function',
        'AWS::Lambda::Permission',
        'AWS::Logs::LogGroup',
        'AWS::S3::Bucket',
        'AWS::S3::BucketPolicy',
      ]),
    );
  });

  function versionOf(of: Template): string {
    return Object.keys(resourcesOf(of, 'AWS::Lambda::Version'))[0]!;
  }

  const suffixOf = (logicalId: string) => logicalId.slice(-32);
});

it('settings of the mapping follow the properties', () => {
  const { Properties } = theResource(
    aTemplate({
      batchSize: 100,
      maxBatchingWindow: Duration.minutes(5),
      maxRecordAge: Duration.hours(1),
    }),
    MAPPING,
  );
  expect(Properties).toMatchObject({
    BatchSize: 100,
    MaximumBatchingWindowInSeconds: 300,
    MaximumRecordAgeInSeconds: 3_600,
  });
});

it('settings may be parameters of the stack, whose values nobody knows yet', () => {
  const stack = aStack();
  const number = (id: string) =>
    new CfnParameter(stack, id, { type: 'Number', default: 100 }).valueAsNumber;
  addPipeline(stack, 'archive', {
    shardCount: number('Shards'),
    batchSize: number('BatchSize'),
    maxRecordAge: Duration.seconds(number('Age')),
  });
  const withParameters = Template.fromStack(stack);
  expect(theResource(withParameters, 'AWS::Kinesis::Stream').Properties).toMatchObject({
    ShardCount: { Ref: 'Shards' },
  });
  expect(theResource(withParameters, MAPPING).Properties).toMatchObject({
    BatchSize: { Ref: 'BatchSize' },
    MaximumRecordAgeInSeconds: { Ref: 'Age' },
  });
  const task = theResource(withParameters, 'AWS::Lambda::Function', /PartitionTask/);
  expect(task.Properties['Environment']).toMatchObject({
    Variables: { RIVULET_RECORD_AGE_MAX_S: { Ref: 'Age' } },
  });
});
