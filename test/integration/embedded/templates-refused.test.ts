// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how CloudFormation writes Fn::Sub

// Templates that the embedded cloud does not carry out as they are written: refused in a sentence
// before anything is touched, so that no deployment that is complete has less than was asked for.

import {
  CreateChangeSetCommand,
  CreateStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RESOURCE_TYPES } from '../../../localstack/embedded/cloudformation/resources/index.ts';
import { KNOWN_PROPERTIES } from '../../../localstack/embedded/cloudformation/resources/known-properties.ts';
import {
  type EmbeddedCloud,
  startEmbeddedCloud,
} from '../../../localstack/embedded/embedded-cloud.ts';
import { type Clients, createClients } from './fixtures/clients.ts';
import { createStacks } from './fixtures/stacks.ts';

let cloud: EmbeddedCloud;
let clients: Clients;
let stacks: ReturnType<typeof createStacks>;

beforeEach(async () => {
  cloud = await startEmbeddedCloud();
  clients = createClients(cloud.endpoint);
  stacks = createStacks(clients);
});
afterEach(async () => {
  clients.destroy();
  await cloud.stop();
});

const table = (properties: object = {}, keyType = 'S') => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: keyType }],
    ...properties,
  },
});
const aFunction = (properties: object) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { ZipFile: 'exports.handler = async () => null;' },
    Handler: 'index.handler',
    Runtime: 'nodejs22.x',
    Role: 'arn:aws:iam::000000000000:role/any',
    ...properties,
  },
});
const bucketWith = (rule: object) => ({
  Type: 'AWS::S3::Bucket',
  Properties: { LifecycleConfiguration: { Rules: [{ Status: 'Enabled', ...rule }] } },
});
const stream = (rest: object) => ({ Type: 'AWS::Kinesis::Stream', ...rest });

const stackCount = async () =>
  (await clients.cloudFormation.send(new DescribeStacksCommand({}))).Stacks?.length;

describe('a property that is not carried out', () => {
  const index = { IndexName: 'i', KeySchema: [], Projection: {} };
  it.each<[string, object]>([
    ['GlobalSecondaryIndexes', table({ GlobalSecondaryIndexes: [index] })],
    ['StreamSpecification', table({ StreamSpecification: { StreamViewType: 'KEYS_ONLY' } })],
    ['Layers', aFunction({ Layers: ['arn'] })],
    ['ReservedConcurrentExecutions', aFunction({ ReservedConcurrentExecutions: 1 })],
    ['DeadLetterConfig', aFunction({ DeadLetterConfig: { TargetArn: 'arn' } })],
    ['LoggingConfig.LogFormat', aFunction({ LoggingConfig: { LogGroup: 'g', LogFormat: 'JSON' } })],
    ['LifecycleConfiguration.Rules.TagFilters', bucketWith({ TagFilters: [] })],
    [
      'LifecycleConfiguration.Rules.ObjectSizeGreaterThan',
      bucketWith({ ObjectSizeGreaterThan: 1 }),
    ],
    ['LifecycleConfiguration.Rules.ExpirationDate', bucketWith({ ExpirationDate: '2030-01-01' })],
    ['Shardcount', stream({ Properties: { Shardcount: 2 } })],
    ['Shardcount', stream({ Properties: { 'Fn::If': ['Yes', { Shardcount: 2 }, {}] } })],
  ])('is refused by its name: %s', async (name, resource) => {
    const TemplateBody = JSON.stringify({
      Conditions: { Yes: { 'Fn::Equals': [1, 1] } },
      Resources: { First: table(), Kept: resource },
    });
    const { Type } = resource as { readonly Type: string };
    const sentence = `Kept (${Type}) has the property ${name}, which the embedded cloud does not carry out: leave it out`;
    for (const command of [
      new CreateStackCommand({ StackName: 'Stack', TemplateBody }),
      new CreateChangeSetCommand({
        StackName: 'Stack',
        TemplateBody,
        ChangeSetName: 'c',
        ChangeSetType: 'CREATE',
      }),
    ]) {
      const sent = clients.cloudFormation.send(command as CreateStackCommand);
      await expect(sent).rejects.toThrowError(sentence);
    }
    expect(await stackCount()).toBe(0);
  });

  it('is refused in an update, and the stack stays as it was', async () => {
    const made = await stacks.create({ Resources: { Kept: table() } });
    const wanted = { Resources: { Kept: table({ GlobalSecondaryIndexes: [index] }) } };
    await expect(stacks.update(wanted)).rejects.toThrowError(
      'Kept (AWS::DynamoDB::Table) has the property GlobalSecondaryIndexes',
    );
    expect(await stacks.describe()).toEqual(made);
  });

  it('is none where a condition leaves it out', async () => {
    const resource = stream({
      Properties: { Shardcount: { 'Fn::If': ['No', 2, { Ref: 'AWS::NoValue' }] } },
    });
    const Conditions = { No: { 'Fn::Equals': [1, 2] } };
    const made = await stacks.create({ Conditions, Resources: { Kept: resource } });
    expect(made.StackStatus).toBe('CREATE_COMPLETE');
  });

  it('is known for every type', () => {
    expect([...KNOWN_PROPERTIES.keys()].sort()).toEqual([...RESOURCE_TYPES.keys()].sort());
  });
});

it('a table whose key has another type is another table', async () => {
  const { StackStatus } = await stacks.create({ Resources: { T: table() } });
  expect(StackStatus).toBe('CREATE_COMPLETE');
  await stacks.update({ Resources: { T: table({}, 'N') } });
  const { TableNames = [] } = await clients.dynamodb.send(new ListTablesCommand({}));
  const tables = await Promise.all(
    TableNames.map((TableName) => clients.dynamodb.send(new DescribeTableCommand({ TableName }))),
  );
  expect(tables.map(({ Table }) => Table?.AttributeDefinitions)).toEqual([
    [{ AttributeName: 'pk', AttributeType: 'N' }],
  ]);
});

it('a global table of several regions is not made', async () => {
  const { BillingMode, KeySchema, AttributeDefinitions } = table().Properties;
  const Replicas = [{ Region: 'us-east-1' }, { Region: 'us-west-2' }];
  const Properties = { BillingMode, KeySchema, AttributeDefinitions, Replicas };
  await stacks.create({ Resources: { T: { Type: 'AWS::DynamoDB::GlobalTable', Properties } } });
  const reasons = (await stacks.events()).map(({ ResourceStatusReason }) => ResourceStatusReason);
  expect(reasons).toContainEqual(expect.stringContaining('has one region'));
});

it('a property takes the value of a parameter of SSM, within a text as well', async () => {
  const parameter = { Type: 'String', Name: '/team/name', Value: 'ours' };
  await stacks.create(
    { Resources: { P: { Type: 'AWS::SSM::Parameter', Properties: parameter } } },
    { StackName: 'Settings' },
  );
  const Variables = {
    PLAIN: '{{resolve:ssm:/team/name}}',
    WITHIN: { 'Fn::Sub': '${AWS::Region}-{{resolve:ssm:/team/name:1}}!' },
  };
  const Resources = { F: aFunction({ FunctionName: 'f', Environment: { Variables } }) };
  expect(await stacks.create({ Resources })).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  const { Environment } = await clients.lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: 'f' }),
  );
  expect(Environment?.Variables).toEqual({ PLAIN: 'ours', WITHIN: 'us-east-1-ours!' });
});

describe('a template', () => {
  it.each<[string, object, string]>([
    [
      'with a deletion policy that is none',
      { Resources: { S: stream({ DeletionPolicy: 'retain' }) } },
      '[/Resources/S] Unrecognized DeletionPolicy "retain": take Delete or Retain',
    ],
    [
      'with a replacement policy that is none',
      { Resources: { S: stream({ UpdateReplacePolicy: 'RetainExceptOnCreate' }) } },
      '[/Resources/S] Unrecognized UpdateReplacePolicy "RetainExceptOnCreate"',
    ],
    [
      'with a misspelt policy',
      { Resources: { S: stream({ DeletionPolcy: 'Retain' }) } },
      '[/Resources/S] The embedded cloud does not carry out DeletionPolcy: leave it out',
    ],
    [
      'with a list of properties',
      { Resources: { S: stream({ Properties: [1] }) } },
      '[/Resources/S] Properties must be an object',
    ],
    [
      'with conditions in a circle',
      {
        Conditions: {
          A: { 'Fn::Not': [{ Condition: 'B' }] },
          B: { 'Fn::Not': [{ Condition: 'A' }] },
        },
        Resources: { S: stream({}) },
      },
      'Circular dependency between conditions: A → B → A',
    ],
    [
      'with a text made of what is not there',
      { Resources: { S: stream({ Properties: { Name: { 'Fn::Sub': ['${x}'] } } }) } },
      'Unresolved resource dependencies [x]',
    ],
    [
      'with an attribute of nothing',
      { Resources: { S: stream({ Properties: { Name: { 'Fn::GetAtt': null } } }) } },
      'Fn::GetAtt needs a list, not null',
    ],
    [
      'with an output of another stack that is not named',
      { Resources: { S: stream({ Properties: { Name: { 'Fn::GetStackOutput': null } } }) } },
      'Fn::GetStackOutput needs text',
    ],
    [
      'with a choice that is no list',
      { Resources: { S: stream({ Properties: { Name: { 'Fn::If': null } } }) } },
      'Fn::If needs a list, not null',
    ],
    ...['Conditions', 'Mappings', 'Outputs', 'Parameters', 'Rules'].flatMap(
      (section): [string, object, string][] => [
        [
          `with a list of ${section}`,
          { [section]: [], Resources: { S: stream({}) } },
          `[/${section}] must be an object`,
        ],
        [
          `with nothing among its ${section}`,
          { [section]: { N: null }, Resources: { S: stream({}) } },
          `[/${section}/N] is not what the template reference demands`,
        ],
      ],
    ),
    [
      'with a rule that asserts nothing',
      { Rules: { O: {} }, Resources: { S: stream({}) } },
      '[/Rules/O] is not what the template reference demands',
    ],
    [
      'with an export that is none',
      { Outputs: { O: { Value: 1, Export: 'x' } }, Resources: { S: stream({}) } },
      '[/Outputs/O] is not what the template reference demands',
    ],
    [
      'with a pattern that is none',
      {
        Parameters: { P: { Type: 'String', Default: 'x', AllowedPattern: '(' } },
        Resources: { S: stream({}) },
      },
      "Parameter 'P' has an AllowedPattern that is none: (",
    ],
    [
      'that depends on a number',
      { Resources: { S: stream({ DependsOn: 5 }) } },
      '[/Resources/S] DependsOn must be a logical id or a list of them',
    ],
    ...[
      '{{resolve:ssm-secure:/secret}}',
      '{{resolve:secretsmanager:secret:SecretString}}',
      '{{resolve:ssm:/name:7}}',
    ].map((reference): [string, object, string] => [
      `with ${reference}`,
      { Resources: { S: stream({ Properties: { Name: reference } }) } },
      `the template has ${reference}, which the embedded cloud does not resolve`,
    ]),
    [
      'with a parameter of SSM that is not there',
      { Resources: { S: stream({ Properties: { Name: '{{resolve:ssm:/none}}' } }) } },
      'Unable to fetch parameters [/none]',
    ],
  ])('%s is refused', async (_what, template, sentence) => {
    const TemplateBody = JSON.stringify(template);
    const sent = clients.cloudFormation.send(
      new CreateStackCommand({ StackName: 'Stack', TemplateBody }),
    );
    await expect(sent).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining(sentence),
    });
    expect(await stackCount()).toBe(0);
  });
});

describe('a request for what an account has', () => {
  it.each([
    [
      'to take no role',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'Action=AssumeRole&Version=2011-06-15',
      'AssumeRole needs a RoleArn and a RoleSessionName',
    ],
    [
      'for parameters by a text',
      { 'x-amz-target': 'AmazonSSM.GetParameters', 'content-type': 'application/x-amz-json-1.1' },
      '{"Names":"x"}',
      'GetParameters needs a list of Names',
    ],
  ])('%s is refused', async (_what, headers, body, sentence) => {
    const answer = await fetch(cloud.endpoint, { method: 'POST', headers, body });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(sentence);
  });
});
