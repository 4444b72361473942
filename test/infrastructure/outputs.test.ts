import { Template } from 'aws-cdk-lib/assertions';
import { type CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, it } from 'vitest';
import { isAllowed, statementsOf, text } from '../support/iam.ts';
import { addPipeline, aStack, aTemplate, theResource } from '../support/synthesis.ts';

function outputsOf(template: Template): Readonly<Record<string, string>> {
  const outputs = template.toJSON()['Outputs'] as Record<string, { readonly Value: unknown }>;
  return Object.fromEntries(Object.entries(outputs).map(([key, { Value }]) => [key, text(Value)]));
}

it('a stack names the places of its pipeline under keys that tools rely on', () => {
  expect(outputsOf(aTemplate())).toEqual({
    CallRecordsStream: expect.stringMatching(/SourceStream/),
    CallRecordsTable: expect.stringMatching(/CallersTable/),
    CallRecordsBucket: expect.stringMatching(/OutputsBucket/),
    CallRecordsRowsPrefix: 'rows/calls/',
    CallRecordsDeadLettersPrefix: 'dead-letters/',
    CallRecordsLatePrefix: 'late/too-late/',
    RivuletPipelines: 'call-records',
  });
});

it('what a pipeline does not have is left out', () => {
  expect(Object.keys(outputsOf(aTemplate({}, 'archive'))).sort()).toEqual([
    'ArchiveBucket',
    'ArchiveDeadLettersPrefix',
    'ArchiveRowsPrefix',
    'ArchiveStream',
    'RivuletPipelines',
  ]);
});

it('two pipelines share a stack and nothing else', () => {
  const stack = aStack();
  addPipeline(stack, 'call-records');
  addPipeline(stack, 'archive');
  const template = Template.fromStack(stack);
  const outputs = outputsOf(template);
  expect(outputs['RivuletPipelines']).toBe('archive,call-records');
  expect(outputs['ArchiveBucket']).not.toBe(outputs['CallRecordsBucket']);
  template.resourceCountIs('AWS::Kinesis::Stream', 2);
  template.resourceCountIs('AWS::Lambda::Function', 4);
  template.resourceCountIs('AWS::S3::Bucket', 4);
});

it('the task learns the place of every sink by its uid, and of dead letters', () => {
  const task = theResource(aTemplate(), 'AWS::Lambda::Function', /PartitionTask/);
  const { Variables } = task.Properties['Environment'] as {
    readonly Variables: Readonly<Record<string, unknown>>;
  };
  const bucketName = expect.stringMatching(/OutputsBucket/);
  expect(JSON.parse(text(Variables['RIVULET_SINK_TARGETS']))).toEqual({
    'dead-letters': { kind: 's3', bucketName, prefix: 'dead-letters/' },
    'dynamodb-callers': { kind: 'dynamodb', tableName: expect.stringMatching(/CallersTable/) },
    's3-calls': { kind: 's3', bucketName, prefix: 'rows/calls/' },
    'late-too-late': { kind: 's3', bucketName, prefix: 'late/too-late/' },
  });
});

it('a function for batches needs no place, and is given what else it needs', () => {
  const stack = aStack();
  const { partitionTask } = addPipeline(stack, 'receipts');
  const queue = new Queue(stack, 'Receipts');
  queue.grantSendMessages(partitionTask);
  partitionTask.addEnvironment('RECEIPTS_QUEUE', queue.queueUrl);
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::DynamoDB::Table', 1);
  template.resourceCountIs('AWS::S3::Bucket', 2);
  const task = theResource(template, 'AWS::Lambda::Function', /PartitionTask/);
  const { Variables } = task.Properties['Environment'] as {
    readonly Variables: Readonly<Record<string, unknown>>;
  };
  expect(Object.keys(JSON.parse(text(Variables['RIVULET_SINK_TARGETS'])))).toEqual([
    'dead-letters',
  ]);
  const queueId = stack.getLogicalId(queue.node.defaultChild as CfnQueue);
  expect(text(Variables['RECEIPTS_QUEUE'])).toContain(queueId);
  const statements = statementsOf(template, /PartitionTask/);
  expect(isAllowed(statements, 'sqs:SendMessage', queueId)).toBe(true);
  expect(isAllowed(statements, 'sqs:DeleteQueue', queueId)).toBe(false);
});
