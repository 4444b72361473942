// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how CloudFormation writes Fn::Sub

// CloudFormation as its API reference has it, by way of the SDK's client.

import {
  ContinueUpdateRollbackCommand,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  ListExportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  RollbackStackCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { type Clients, createClients } from './fixtures/clients.ts';
import { createStacks, told } from './fixtures/stacks.ts';

let cloud: EmbeddedCloud;
let clients: Clients;
let stacks: ReturnType<typeof createStacks>;

beforeEach(() => startCloud(0));
afterEach(async () => {
  clients.destroy();
  await cloud.stop();
});

async function startCloud(deploymentStepDelayMs: number): Promise<void> {
  cloud = await startEmbeddedCloud({ deploymentStepDelayMs });
  clients = createClients(cloud.endpoint);
  stacks = createStacks(clients);
}

const stream = (properties: object = {}, rest: object = {}) => ({
  Type: 'AWS::Kinesis::Stream',
  Properties: { ShardCount: 1, ...properties },
  ...rest,
});
const bucket = (properties: object = {}, rest: object = {}) => ({
  Type: 'AWS::S3::Bucket',
  Properties: properties,
  ...rest,
});
/** Refused by Lambda when it is made; after everything else. */
const failing = (after: string) => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  DependsOn: after,
  Properties: { FunctionName: 'nobody', EventSourceArn: 'arn:none', StartingPosition: 'LATEST' },
});
const streamNames = async () =>
  (await clients.kinesis.send(new ListStreamsCommand({}))).StreamNames ?? [];
const shardsOf = async (StreamName: string) =>
  (await clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName })))
    .StreamDescriptionSummary?.OpenShardCount;

describe('a stack', () => {
  it('is made, described, changed in place and deleted, and can be described by its id then', async () => {
    const Outputs = { Name: { Value: { Ref: 'S' }, Export: { Name: 'shared' }, Description: 'd' } };
    const made = await stacks.create({ Resources: { S: stream() }, Outputs });
    expect(made).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      Outputs: [{ OutputKey: 'Name', ExportName: 'shared', Description: 'd' }],
    });
    const [name] = await streamNames();
    expect(name).toMatch(/^Stack-S-[A-Z0-9]{12}$/);
    const { Exports } = await clients.cloudFormation.send(new ListExportsCommand({}));
    expect(Exports).toEqual([{ ExportingStackId: made.StackId, Name: 'shared', Value: name }]);

    const changed = await stacks.update({ Resources: { S: stream({ ShardCount: 2 }) }, Outputs });
    expect(changed).toMatchObject({ StackId: made.StackId, StackStatus: 'UPDATE_COMPLETE' });
    expect(await shardsOf(name!)).toBe(2);

    expect(await stacks.remove(made)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect(await streamNames()).toEqual([]);
    await expect(stacks.describe()).rejects.toThrowError('Stack with id Stack does not exist');
    const { StackSummaries } = await clients.cloudFormation.send(
      new ListStacksCommand({ StackStatusFilter: ['DELETE_COMPLETE'] }),
    );
    expect(StackSummaries).toMatchObject([{ StackName: 'Stack' }]);
  });

  it('tells what happened to each resource, the newest first, a page at a time', async () => {
    const Resources = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`Role${index}`, { Type: 'AWS::IAM::Role' }]),
    );
    await stacks.create({ Resources: { ...Resources, S: stream({}, { DependsOn: 'Role0' }) } });
    const { StackEvents, NextToken } = await clients.cloudFormation.send(
      new DescribeStackEventsCommand({ StackName: 'Stack' }),
    );
    expect(StackEvents).toHaveLength(100);
    expect(StackEvents![0]).toMatchObject({
      LogicalResourceId: 'Stack',
      ResourceStatus: 'CREATE_COMPLETE',
      ResourceType: 'AWS::CloudFormation::Stack',
    });
    expect(NextToken).toBeDefined();
    const events = await stacks.events();
    // Three for each resource, two for the stack.
    expect(events).toHaveLength(41 * 3 + 2);
    const [stable] = await streamNames();
    expect(events.filter(({ LogicalResourceId }) => LogicalResourceId === 'S')).toMatchObject([
      { ResourceStatus: 'CREATE_IN_PROGRESS' },
      { ResourceStatus: 'CREATE_IN_PROGRESS', ResourceStatusReason: 'Resource creation Initiated' },
      { ResourceStatus: 'CREATE_COMPLETE', PhysicalResourceId: stable },
    ]);
    const times = events.map(({ Timestamp }) => Timestamp!.getTime());
    expect(times).toEqual([...new Set(times)].sort((left, right) => left - right));
  });

  it('that is made again has nothing of the one before, not even its names', async () => {
    const kept = { Resources: { S: stream({}, { DeletionPolicy: 'Retain' }) } };
    const first = await stacks.create(kept);
    await stacks.remove(first);
    const [former] = await streamNames();
    const second = await stacks.create(kept);
    expect(second.StackId).not.toBe(first.StackId);
    expect(await streamNames()).toHaveLength(2);
    expect(await streamNames()).toContain(former);
  });

  it('keeps what it is told to keep when it is deleted', async () => {
    const made = await stacks.create({
      Resources: {
        Gone: stream({ Name: 'gone' }),
        Kept: stream({ Name: 'kept' }, { DeletionPolicy: 'Retain' }),
        Asked: stream({ Name: 'asked' }),
      },
    });
    await stacks.remove(made, ['Asked']);
    expect((await streamNames()).sort()).toEqual(['asked', 'kept']);
    expect((await stacks.events(made.StackId)).map(told)).toContain('Kept DELETE_SKIPPED');
  });

  it('whose bucket holds something is not deleted, until the bucket is to be kept', async () => {
    const made = await stacks.create({
      Resources: {
        Needed: stream({ Name: 'needed' }),
        B: bucket({ BucketName: 'full' }, { DependsOn: 'Needed' }),
        S: stream(),
      },
    });
    await clients.s3.send(new PutObjectCommand({ Bucket: 'full', Key: 'k', Body: 'x' }));
    const failed = await stacks.remove(made);
    expect(failed).toMatchObject({
      StackStatus: 'DELETE_FAILED',
      StackStatusReason: 'The following resource(s) failed to delete: [B]. ',
    });
    // What it depends on has to stay with it.
    expect(await streamNames()).toEqual(['needed']);
    const [failure] = (await stacks.events()).filter((event) => told(event) === 'B DELETE_FAILED');
    expect(failure?.ResourceStatusReason).toContain('The bucket you tried to delete is not empty');
    expect(await stacks.remove(made, ['B'])).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
  });

  it('that is protected is not deleted', async () => {
    const made = await stacks.create(
      { Resources: { S: stream() } },
      { EnableTerminationProtection: true },
    );
    await expect(stacks.remove(made)).rejects.toThrowError(
      'Stack [Stack] cannot be deleted while TerminationProtection is enabled',
    );
    await clients.cloudFormation.send(
      new UpdateTerminationProtectionCommand({
        StackName: 'Stack',
        EnableTerminationProtection: false,
      }),
    );
    expect(await stacks.remove(made)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
  });
});

describe('a template', () => {
  it('in YAML with short forms is the same as in JSON, and given back as it came', async () => {
    const body = [
      'Conditions:',
      '  Wide: !Not [!Equals [!Ref Shards, "1"]]',
      'Parameters:',
      '  Shards: { Type: Number, Default: 2 }',
      'Resources:',
      '  S:',
      '    Type: AWS::Kinesis::Stream',
      '    Properties:',
      '      Name: !Sub "${AWS::StackName}-${Shards}"',
      '      ShardCount: !If [Wide, !Ref Shards, 1]',
      '  P:',
      '    Type: AWS::Kinesis::ResourcePolicy',
      '    Properties:',
      '      ResourceArn: !GetAtt S.Arn',
      '      ResourcePolicy: { Version: 2012-10-17, Statement: [] }',
      'Outputs:',
      '  Last: { Value: !Select [1, !Split ["-", !Ref S]] }',
    ].join('\n');
    const { Outputs } = await stacks.create(body);
    expect(Outputs).toEqual([{ OutputKey: 'Last', OutputValue: '2' }]);
    expect(await shardsOf('Stack-2')).toBe(2);
    const read = new GetTemplateCommand({ StackName: 'Stack' });
    expect((await clients.cloudFormation.send(read)).TemplateBody).toBe(body);
    const summary = new GetTemplateSummaryCommand({ TemplateBody: body });
    expect(await clients.cloudFormation.send(summary)).toMatchObject({
      ResourceTypes: ['AWS::Kinesis::Stream', 'AWS::Kinesis::ResourcePolicy'],
      Parameters: [{ ParameterKey: 'Shards', ParameterType: 'Number', DefaultValue: '2' }],
    });
  });

  it.each(['path', 'host'])(
    'is read from a bucket of this cloud, named in the %s',
    async (where) => {
      await clients.s3.send(new CreateBucketCommand({ Bucket: 'templates' }));
      const Body = JSON.stringify({ Resources: { S: stream({ Name: 'read' }) } });
      await clients.s3.send(new PutObjectCommand({ Bucket: 'templates', Key: 'a/b.json', Body }));
      const TemplateURL =
        where === 'path'
          ? `${cloud.endpoint}/templates/a/b.json`
          : 'https://templates.s3.us-east-1.amazonaws.com/a/b.json';
      await clients.cloudFormation.send(
        new CreateStackCommand({ StackName: 'Stack', TemplateURL }),
      );
      await stacks.settled('Stack');
      expect(await streamNames()).toEqual(['read']);
    },
  );

  it.each<[string, object, string]>([
    [
      'an unknown type',
      { Resources: { Cache: { Type: 'AWS::Foo::Bar' } } },
      'Unrecognized resource types: [AWS::Foo::Bar]',
    ],
    ['a name it does not have', { Resources: { S: stream({ Name: { Ref: 'No' } }) } }, '[No]'],
    [
      'a circle',
      { Resources: { A: stream({}, { DependsOn: 'B' }), B: stream({}, { DependsOn: 'A' }) } },
      'Circular dependency between resources: A → B → A',
    ],
    ['nothing', { Resources: {} }, 'At least one Resources member must be defined.'],
    [
      'a transform',
      { Transform: 'AWS::Serverless', Resources: { S: stream() } },
      'AWS::Serverless',
    ],
    [
      'a rule that does not hold',
      {
        Rules: {
          Never: { Assertions: [{ Assert: { 'Fn::Equals': [1, 2] }, AssertDescription: 'so' }] },
        },
        Resources: { S: stream() },
      },
      'Rule Never does not hold: so',
    ],
  ])('with %s is refused before anything is touched', async (_what, template, sentence) => {
    const input = { StackName: 'Stack', TemplateBody: JSON.stringify(template) };
    const refused = clients.cloudFormation.send(new CreateStackCommand(input));
    await expect(refused).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining(sentence),
    });
    await expect(stacks.describe()).rejects.toThrowError('does not exist');
  });

  it('with roles is refused without the capability for it', async () => {
    const template = {
      Resources: { R: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'mine' } } },
    };
    const refused = stacks.create(template, { Capabilities: [] });
    await expect(refused).rejects.toMatchObject({
      name: 'InsufficientCapabilitiesException',
      message: 'Requires capabilities : [CAPABILITY_NAMED_IAM]',
    });
  });
});

describe('parameters', () => {
  const template = (parameter: object) => ({
    Parameters: { P: { Type: 'String', ...parameter } },
    Resources: { Value: { Type: 'AWS::SSM::Parameter', Properties: { Value: { Ref: 'P' } } } },
    Outputs: { Out: { Value: { Ref: 'P' } } },
  });
  const given = (ParameterValue: string) => ({
    Parameters: [{ ParameterKey: 'P', ParameterValue }],
  });

  it.each<[string, object, string, string]>([
    ['one of those allowed', { AllowedValues: ['a'] }, 'b', "'P' must be one of AllowedValues"],
    ['like its pattern', { AllowedPattern: '[a-z]+' }, 'a1', "'P' must match pattern [a-z]+"],
    ['a number', { Type: 'Number' }, 'many', "'P' must be a number"],
    ['long enough', { MinLength: 3 }, 'ab', "'P' must contain at least 3 characters"],
    ['small enough', { Type: 'Number', MaxValue: 3 }, '4', 'not greater than 3'],
    [
      'as it is described',
      { AllowedPattern: 'x', ConstraintDescription: 'only x' },
      'y',
      'Parameter P failed to satisfy constraint: only x',
    ],
    [
      'the name of a parameter of SSM',
      { Type: 'AWS::SSM::Parameter::Value<String>' },
      '/none',
      'Unable to fetch parameters [/none] from parameter store',
    ],
  ])('have to be %s', async (_what, parameter, value, sentence) => {
    await expect(stacks.create(template(parameter), given(value))).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining(sentence),
    });
  });

  it('without a value, and values without a parameter, are refused', async () => {
    await expect(stacks.create(template({}))).rejects.toThrowError(
      'Parameters: [P] must have values',
    );
    const Parameters = [{ ParameterKey: 'Q', ParameterValue: 'q' }];
    await expect(stacks.create(template({ Default: 'd' }), { Parameters })).rejects.toThrowError(
      'Parameters: [Q] do not exist in the template',
    );
  });

  it('keep their value when they are asked to, and have the default when nobody says anything', async () => {
    await stacks.create(template({ Default: 'd' }), given('first'));
    const Parameters = [{ ParameterKey: 'P', UsePreviousValue: true }];
    const kept = stacks.update(template({ Default: 'd' }), { Parameters });
    await expect(kept).rejects.toThrowError('No updates are to be performed.');
    const { Outputs } = await stacks.update(template({ Default: 'd' }));
    expect(Outputs).toMatchObject([{ OutputValue: 'd' }]);
  });

  it('of SSM stand for their value, which is looked up anew each time', async () => {
    const source = (Value: string) => ({
      Resources: { X: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/x', Value } } },
    });
    await stacks.create(source('one'), { StackName: 'Source' });
    const reader = template({ Type: 'AWS::SSM::Parameter::Value<String>', Default: '/x' });
    expect(await stacks.create(reader)).toMatchObject({
      Outputs: [{ OutputValue: 'one' }],
      Parameters: [{ ParameterValue: '/x', ResolvedValue: 'one' }],
    });
    await stacks.update(source('two'), { StackName: 'Source' });
    expect(await stacks.update(reader)).toMatchObject({ Outputs: [{ OutputValue: 'two' }] });
  });

  it('that must not be shown are not', async () => {
    const made = await stacks.create(template({ NoEcho: true }), given('secret'));
    expect(made.Parameters).toEqual([{ ParameterKey: 'P', ParameterValue: '****' }]);
  });
});

describe('a change set', () => {
  const create = (template: object, input: object = {}) =>
    clients.cloudFormation.send(
      new CreateChangeSetCommand({
        StackName: 'Stack',
        ChangeSetName: 'mine',
        TemplateBody: JSON.stringify(template),
        ...input,
      }),
    );
  const named = { StackName: 'Stack', ChangeSetName: 'mine' };
  const describeIt = () => clients.cloudFormation.send(new DescribeChangeSetCommand(named));
  const execute = () => clients.cloudFormation.send(new ExecuteChangeSetCommand(named));

  it('for a new stack leaves it in review until it is executed', async () => {
    await create({ Resources: { S: stream() } }, { ChangeSetType: 'CREATE' });
    expect(await describeIt()).toMatchObject({
      Status: 'CREATE_COMPLETE',
      ExecutionStatus: 'AVAILABLE',
      Changes: [{ ResourceChange: { Action: 'Add', LogicalResourceId: 'S' } }],
    });
    expect(await stacks.describe()).toMatchObject({ StackStatus: 'REVIEW_IN_PROGRESS' });
    expect(await streamNames()).toEqual([]);
    await execute();
    expect(await stacks.settled('Stack')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    await expect(execute()).rejects.toMatchObject({ name: 'InvalidChangeSetStatusException' });
  });

  it('says what it will change, replace and remove, and what depends on that', async () => {
    await stacks.create({
      Resources: {
        Changed: stream({ Name: 'changed' }),
        Replaced: stream({ Name: 'old' }, { UpdateReplacePolicy: 'Retain' }),
        Dependent: {
          Type: 'AWS::SSM::Parameter',
          Properties: { Name: '/d', Value: { 'Fn::GetAtt': ['Replaced', 'Arn'] } },
        },
        Removed: stream({ Name: 'removed' }, { DeletionPolicy: 'Retain' }),
        Same: stream({ Name: 'same' }),
      },
    });
    await create({
      Resources: {
        Changed: stream({ Name: 'changed', ShardCount: 2 }),
        Replaced: stream({ Name: 'new' }, { UpdateReplacePolicy: 'Retain' }),
        Dependent: {
          Type: 'AWS::SSM::Parameter',
          Properties: { Name: '/d', Value: { 'Fn::GetAtt': ['Replaced', 'Arn'] } },
        },
        Same: stream({ Name: 'same' }),
        Added: stream({ Name: 'added' }),
      },
    });
    const { Changes } = await describeIt();
    const summary = Changes!.map(({ ResourceChange: change }) => [
      change!.LogicalResourceId,
      change!.Action,
      change!.Replacement,
      change!.PolicyAction,
      change!.Details!.map(({ Target }) => Target!.Name),
    ]);
    expect(Object.fromEntries(summary.map(([id, ...rest]) => [id, rest]))).toEqual({
      Changed: ['Modify', 'False', undefined, ['ShardCount']],
      Replaced: ['Modify', 'True', 'ReplaceAndRetain', ['Name']],
      Dependent: ['Modify', 'False', undefined, ['Value']],
      Added: ['Add', undefined, undefined, []],
      Removed: ['Remove', undefined, 'Retain', []],
    });
    await execute();
    expect(await stacks.settled('Stack')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    expect((await streamNames()).sort()).toEqual([
      'added',
      'changed',
      'new',
      'old',
      'removed',
      'same',
    ]);
  });

  it('without changes fails with the words that tools look for', async () => {
    await stacks.create({ Resources: { S: stream() } });
    await create({ Resources: { S: stream() } });
    expect(await describeIt()).toMatchObject({
      Status: 'FAILED',
      StatusReason:
        "The submitted information didn't contain changes. Submit different information to create a change set.",
      ExecutionStatus: 'UNAVAILABLE',
    });
    await expect(execute()).rejects.toThrowError('cannot be executed in its current status');
  });

  it('is listed, deleted, and then not found', async () => {
    await create({ Resources: { S: stream() } }, { ChangeSetType: 'CREATE' });
    const list = new ListChangeSetsCommand({ StackName: 'Stack' });
    expect((await clients.cloudFormation.send(list)).Summaries).toMatchObject([
      { ChangeSetName: 'mine' },
    ]);
    await clients.cloudFormation.send(new DeleteChangeSetCommand(named));
    await expect(describeIt()).rejects.toMatchObject({ name: 'ChangeSetNotFoundException' });
    await clients.cloudFormation.send(new DeleteChangeSetCommand(named));
    await clients.cloudFormation.send(new DeleteStackCommand({ StackName: 'Stack' }));
    await expect.poll(() => stacks.describe().catch(() => 'gone')).toBe('gone');
  });

  it('takes over what is there under its name, when it is asked to', async () => {
    const template = {
      Resources: { B: bucket({ BucketName: 'kept' }, { DeletionPolicy: 'Retain' }) },
    };
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
    await create(template, { ChangeSetType: 'CREATE', ImportExistingResources: true });
    await execute();
    expect(await stacks.settled('Stack')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  });
});

describe('a deployment that fails', () => {
  it('takes back a creation, but not what is to be retained', async () => {
    const made = await stacks.create({
      Resources: {
        S: stream(),
        Kept: bucket({ BucketName: 'kept' }, { DeletionPolicy: 'Retain' }),
        Lost: stream({}, { DeletionPolicy: 'RetainExceptOnCreate', DependsOn: 'Kept' }),
        Bad: failing('Lost'),
      },
    });
    expect(made.StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await streamNames()).toEqual([]);
    const events = await stacks.events();
    expect(events.find((event) => told(event) === 'Bad CREATE_FAILED')).toMatchObject({
      ResourceStatusReason: expect.stringContaining('Function not found: nobody'),
    });
    expect(events.find((event) => told(event) === 'Stack ROLLBACK_IN_PROGRESS')).toMatchObject({
      ResourceStatusReason:
        'The following resource(s) failed to create: [Bad]. Rollback requested by user.',
    });
    expect(events.map(told)).toContain('Kept DELETE_SKIPPED');
    const update = new UpdateStackCommand({ StackName: 'Stack', UsePreviousTemplate: true });
    await expect(clients.cloudFormation.send(update)).rejects.toThrowError(
      'is in ROLLBACK_COMPLETE state and can not be updated.',
    );
  });

  it('puts back what an update had changed, replaced and added', async () => {
    const before = {
      Resources: { Changed: stream({ Name: 'changed' }), Replaced: stream({ Name: 'old' }) },
      Outputs: { Name: { Value: { Ref: 'Replaced' } } },
    };
    await stacks.create(before);
    const failed = await stacks.update({
      Resources: {
        Changed: stream({ Name: 'changed', ShardCount: 2 }),
        // The policy is about what is replaced, not about what was to replace it.
        Replaced: stream({ Name: 'new' }, { UpdateReplacePolicy: 'Retain' }),
        Added: stream({ Name: 'added' }, { DependsOn: 'Replaced' }),
        Bad: failing('Added'),
      },
    });
    expect(failed).toMatchObject({
      StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
      Outputs: [{ OutputValue: 'old' }],
    });
    expect((await streamNames()).sort()).toEqual(['changed', 'old']);
    expect(await shardsOf('changed')).toBe(1);
    const { StackResources } = await clients.cloudFormation.send(
      new DescribeStackResourcesCommand({ StackName: 'Stack' }),
    );
    expect(StackResources?.map(({ PhysicalResourceId }) => PhysicalResourceId).sort()).toEqual([
      'changed',
      'old',
    ]);
    // Rolled back, it can be updated again; and what it has now is what it had.
    await expect(stacks.update(before)).rejects.toThrowError('No updates are to be performed.');
  });

  it('removes a resource whose settings were refused after it had been made', async () => {
    const made = await stacks.create({
      Resources: { S: stream({ Name: 'half', RetentionPeriodHours: 1_000_000 }) },
    });
    expect(made.StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await streamNames()).toEqual([]);
  });

  it('does not take over what is there already under the name', async () => {
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'mine' }));
    const made = await stacks.create({ Resources: { B: bucket({ BucketName: 'mine' }) } });
    expect(made.StackStatus).toBe('ROLLBACK_COMPLETE');
    const [failure] = (await stacks.events()).filter((event) => told(event) === 'B CREATE_FAILED');
    expect(failure?.ResourceStatusReason).toContain('mine already exists');
  });

  it('does not share a name with another stack, even of what exists by name only', async () => {
    const template = {
      Resources: { R: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'mine' } } },
    };
    const { StackId } = await stacks.create(template, { StackName: 'First' });
    expect(await stacks.create(template)).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    const [failure] = (await stacks.events()).filter((event) => told(event) === 'R CREATE_FAILED');
    expect(failure?.ResourceStatusReason).toContain(`mine already exists in stack ${StackId}`);
  });

  it('and cannot be taken back either can be, without the resource that hinders', async () => {
    await stacks.create({ Resources: { S: stream({ Name: 'lost' }), T: stream() } });
    await clients.kinesis.send(new DeleteStreamCommand({ StreamName: 'lost' }));
    const failed = await stacks.update({
      Resources: { S: stream({ Name: 'lost', ShardCount: 2 }), T: stream() },
    });
    expect(failed.StackStatus).toBe('UPDATE_ROLLBACK_FAILED');
    const skipping = { StackName: 'Stack', ResourcesToSkip: ['S'] };
    await clients.cloudFormation.send(new ContinueUpdateRollbackCommand(skipping));
    expect(await stacks.settled('Stack')).toMatchObject({
      StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
    });
  });

  it('is left as it is when nobody wants it taken back, until somebody does', async () => {
    const Resources = { S: stream(), Bad: failing('S') };
    const made = await stacks.create({ Resources }, { DisableRollback: true });
    expect(made.StackStatus).toBe('CREATE_FAILED');
    expect(await streamNames()).toHaveLength(1);
    await clients.cloudFormation.send(new RollbackStackCommand({ StackName: 'Stack' }));
    expect(await stacks.settled('Stack')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    expect(await streamNames()).toEqual([]);
  });

  it('goes on from where it was when it is mended', async () => {
    const S = stream();
    await stacks.create({ Resources: { S, Bad: failing('S') } }, { DisableRollback: true });
    const [name] = await streamNames();
    expect(await stacks.update({ Resources: { S, Other: stream() } })).toMatchObject({
      StackStatus: 'UPDATE_COMPLETE',
    });
    expect(await streamNames()).toHaveLength(2);
    expect(await streamNames()).toContain(name);
  });
});

describe('a resource', () => {
  const keyed = (name: string) => ({
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: name, AttributeType: 'S' }],
    },
  });

  it('whose key changes is replaced: the new one first, the old one last', async () => {
    await stacks.create({ Resources: { T: keyed('a') } });
    await stacks.update({ Resources: { T: keyed('b') } });
    const events = (await stacks.events()).filter(
      ({ LogicalResourceId }) => LogicalResourceId === 'T',
    );
    const names = new Set(
      events.map(({ PhysicalResourceId }) => PhysicalResourceId).filter(Boolean),
    );
    const [former, present] = [...names];
    expect(events.slice(3)).toMatchObject([
      {
        ResourceStatus: 'UPDATE_IN_PROGRESS',
        PhysicalResourceId: former,
        ResourceStatusReason:
          'Requested update requires the creation of a new physical resource; hence creating one.',
      },
      { ResourceStatus: 'UPDATE_IN_PROGRESS', PhysicalResourceId: present },
      { ResourceStatus: 'UPDATE_COMPLETE', PhysicalResourceId: present },
      { ResourceStatus: 'DELETE_IN_PROGRESS', PhysicalResourceId: former },
      { ResourceStatus: 'DELETE_COMPLETE', PhysicalResourceId: former },
    ]);
    const { TableNames } = await clients.dynamodb.send(new ListTablesCommand({}));
    expect(TableNames).toEqual([present]);
  });

  it('with a name of its own cannot be replaced without another name', async () => {
    const named = (key: string) => {
      const { Type, Properties } = keyed(key);
      return { Resources: { T: { Type, Properties: { TableName: 'fixed', ...Properties } } } };
    };
    await stacks.create(named('a'));
    expect(await stacks.update(named('b'))).toMatchObject({
      StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
    });
    const [failure] = (await stacks.events()).filter((event) => told(event) === 'T UPDATE_FAILED');
    expect(failure?.ResourceStatusReason).toContain('Rename fixed and update the stack again.');
  });

  it('does not become one of another type', async () => {
    await stacks.create({ Resources: { X: stream() } });
    await expect(stacks.update({ Resources: { X: bucket() } })).rejects.toThrowError(
      'Update of resource type is not permitted.',
    );
  });

  it('that is dropped but cannot be removed does not hold an update up', async () => {
    await stacks.create({ Resources: { B: bucket({ BucketName: 'full' }), S: stream() } });
    await clients.s3.send(new PutObjectCommand({ Bucket: 'full', Key: 'k', Body: 'x' }));
    expect(await stacks.update({ Resources: { S: stream() } })).toMatchObject({
      StackStatus: 'UPDATE_COMPLETE',
    });
    expect((await stacks.events()).map(told)).toContain('B DELETE_FAILED');
    const list = new ListStackResourcesCommand({ StackName: 'Stack' });
    expect((await clients.cloudFormation.send(list)).StackResourceSummaries).toMatchObject([
      { LogicalResourceId: 'S' },
    ]);
  });
});

describe('while a stack is being deployed', () => {
  beforeEach(async () => {
    clients.destroy();
    await cloud.stop();
    await startCloud(50);
  });

  it('it can be watched, nothing else can be done to it, and other stacks can be deployed', async () => {
    const TemplateBody = JSON.stringify({
      Resources: {
        A: stream(),
        B: stream({}, { DependsOn: 'A' }),
        C: stream({}, { DependsOn: 'B' }),
      },
    });
    const input = { StackName: 'Stack', TemplateBody };
    await clients.cloudFormation.send(new CreateStackCommand(input));
    expect(await stacks.describe()).toMatchObject({ StackStatus: 'CREATE_IN_PROGRESS' });
    await expect(clients.cloudFormation.send(new CreateStackCommand(input))).rejects.toMatchObject({
      name: 'AlreadyExistsException',
    });
    const words = 'is in CREATE_IN_PROGRESS state and can not be updated.';
    await expect(clients.cloudFormation.send(new UpdateStackCommand(input))).rejects.toThrowError(
      words,
    );
    const change = new CreateChangeSetCommand({ ...input, ChangeSetName: 'late' });
    await expect(clients.cloudFormation.send(change)).rejects.toThrowError(words);
    const other = await stacks.create({ Resources: { S: stream() } }, { StackName: 'Other' });
    expect(other.StackStatus).toBe('CREATE_COMPLETE');
    expect(await stacks.settled('Stack')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  });

  it('it can be deleted, and nothing of it is left', async () => {
    const TemplateBody = JSON.stringify({
      Resources: { A: stream(), B: stream({}, { DependsOn: 'A' }) },
    });
    const create = new CreateStackCommand({ StackName: 'Stack', TemplateBody });
    const { StackId } = await clients.cloudFormation.send(create);
    await expect.poll(() => streamNames(), { interval: 5 }).toHaveLength(1);
    await clients.cloudFormation.send(new DeleteStackCommand({ StackName: 'Stack' }));
    expect(await stacks.settled(StackId!)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect(await streamNames()).toEqual([]);
  });

  it('all stacks can be listed', async () => {
    await stacks.create({ Resources: { S: stream() } }, { StackName: 'One' });
    const { Stacks } = await clients.cloudFormation.send(new DescribeStacksCommand({}));
    expect(Stacks?.map(({ StackName }) => StackName)).toEqual(['One']);
  });
});
