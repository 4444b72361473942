// The rules of CloudFormation that the deployed stacks rely on, each with the page that states it. They
// run against the embedded cloud, or any endpoint: `AWS_ENDPOINT_URL=… npx vitest run --mode endpoint`.

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { GetAliasCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshName, openTarget, refusalOf, type Target } from './target.ts';

const SETTLED_WITHIN = { timeout: 60_000, interval: 300 };
const TEST_TIMEOUT_MS = 120_000;

let target: Target;
let cloudFormation: CloudFormationClient;
let dynamodb: DynamoDBClient;
let lambda: LambdaClient;

beforeAll(async () => {
  target = await openTarget();
  const options = target.options('http/1.1');
  cloudFormation = new CloudFormationClient(options);
  dynamodb = new DynamoDBClient(options);
  lambda = new LambdaClient(options);
});

afterAll(async () => {
  cloudFormation.destroy();
  dynamodb.destroy();
  lambda.destroy();
  await target.stop();
});

type Resources = Readonly<Record<string, object>>;

const templateOf = (resources: Resources) => ({
  TemplateBody: JSON.stringify({ Resources: resources }),
  Capabilities: ['CAPABILITY_IAM' as const],
});

const aTable = (TableName: string, properties: object = {}) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    ...properties,
  },
});

/** A function that answers `answer`, the version made of it, and the alias that names the version. */
const aFunction = (answer: string): Resources => ({
  Role: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
            Action: 'sts:AssumeRole',
          },
        ],
      },
    },
  },
  Function: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { ZipFile: `exports.handler = async () => ${JSON.stringify(answer)};` },
      Handler: 'index.handler',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Runtime: 'nodejs22.x',
    },
  },
  [`Version${answer}`]: {
    Type: 'AWS::Lambda::Version',
    Properties: { FunctionName: { Ref: 'Function' } },
  },
  Alias: {
    Type: 'AWS::Lambda::Alias',
    Properties: {
      FunctionName: { Ref: 'Function' },
      FunctionVersion: { 'Fn::GetAtt': [`Version${answer}`, 'Version'] },
      Name: 'live',
    },
  },
});

async function statusOf(StackName: string): Promise<string> {
  try {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return Stacks[0]?.StackStatus ?? 'gone';
  } catch {
    return 'gone';
  }
}

async function create(StackName: string, resources: Resources): Promise<void> {
  await cloudFormation.send(new CreateStackCommand({ StackName, ...templateOf(resources) }));
}

async function settled(StackName: string, status: string): Promise<void> {
  await expect.poll(() => statusOf(StackName), SETTLED_WITHIN).not.toMatch(/_IN_PROGRESS$/);
  const found = await statusOf(StackName);
  expect(found, `the stack is in ${found}`).toBe(status);
}

async function drop(StackName: string): Promise<void> {
  await cloudFormation.send(new DeleteStackCommand({ StackName }));
  await expect.poll(() => statusOf(StackName), SETTLED_WITHIN).toMatch(/^(gone|DELETE_COMPLETE)$/);
}

async function isTable(TableName: string): Promise<boolean> {
  try {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
    return Table?.TableStatus !== 'DELETING';
  } catch {
    return false;
  }
}

describe('stacks', { timeout: TEST_TIMEOUT_MS }, () => {
  /** AWS CloudFormation User Guide, DeletionPolicy attribute. */
  test('a stack that is deleted takes its resources with it, but not a retained one', async () => {
    const stack = freshName('retained');
    const [kept, gone] = [`${stack}-kept`, `${stack}-gone`];
    await create(stack, {
      Kept: { ...aTable(kept), DeletionPolicy: 'Retain' },
      Gone: aTable(gone),
    });
    await settled(stack, 'CREATE_COMPLETE');
    await drop(stack);
    await expect.poll(() => isTable(gone), SETTLED_WITHIN).toBe(false);
    expect(await isTable(kept)).toBe(true);
    await dynamodb.send(new DeleteTableCommand({ TableName: kept }));
  });

  /** AWS CloudFormation API Reference, UpdateStack. */
  test('an update that changes nothing is refused', async () => {
    const stack = freshName('unchanged');
    const resources = { Table: aTable(stack) };
    await create(stack, resources);
    await settled(stack, 'CREATE_COMPLETE');
    const again = new UpdateStackCommand({ StackName: stack, ...templateOf(resources) });
    const { name, error } = await refusalOf(cloudFormation.send(again));
    expect(name).toBe('ValidationError');
    expect(error.message).toContain('No updates are to be performed');
    await drop(stack);
  });

  /** AWS CloudFormation User Guide, Stack failure options: the default is to roll back. */
  test('what a creation made is gone when a resource of it fails', async () => {
    const stack = freshName('failing');
    const [first, taken] = [`${stack}-first`, `${stack}-taken`];
    await create(`${stack}-owner`, { Taken: aTable(taken) });
    await settled(`${stack}-owner`, 'CREATE_COMPLETE');
    await create(stack, {
      First: aTable(first),
      Taken: { ...aTable(taken), DependsOn: 'First' },
    });
    await settled(stack, 'ROLLBACK_COMPLETE');
    expect(await isTable(first)).toBe(false);
    expect(await isTable(taken)).toBe(true);
    await drop(stack);
    await drop(`${stack}-owner`);
  });

  /** AWS CloudFormation Template Reference, AWS::DynamoDB::Table TimeToLiveSpecification. */
  test('a table of a template has its time to live', async () => {
    const stack = freshName('lived');
    const TimeToLiveSpecification = { AttributeName: 'until', Enabled: true };
    await create(stack, { Table: aTable(stack, { TimeToLiveSpecification }) });
    await settled(stack, 'CREATE_COMPLETE');
    const { TimeToLiveDescription: found } = await dynamodb.send(
      new DescribeTimeToLiveCommand({ TableName: stack }),
    );
    await drop(stack);
    const status = found?.TimeToLiveStatus;
    expect(status, `the time to live is ${status}`).toMatch(/^ENABL(ED|ING)$/);
    expect(found?.AttributeName).toBe('until');
  });

  /** AWS CloudFormation Template Reference, AWS::Lambda::Alias: FunctionVersion needs no interruption. */
  test('an alias moves to the version of changed code, and the function answers with it', async () => {
    const stack = freshName('alias');
    await create(stack, aFunction('one'));
    await settled(stack, 'CREATE_COMPLETE');
    const { StackResourceDetail: detail } = await cloudFormation.send(
      new DescribeStackResourceCommand({ StackName: stack, LogicalResourceId: 'Function' }),
    );
    const FunctionName = detail!.PhysicalResourceId!;
    const versionNow = async () => {
      const alias = new GetAliasCommand({ FunctionName, Name: 'live' });
      return (await lambda.send(alias).catch(() => null))?.FunctionVersion ?? null;
    };
    const before = await versionNow();
    expect(before).not.toBeNull();

    await cloudFormation.send(
      new UpdateStackCommand({ StackName: stack, ...templateOf(aFunction('two')) }),
    );
    await settled(stack, 'UPDATE_COMPLETE');

    const after = await versionNow();
    expect(after, 'the alias is lost').not.toBeNull();
    expect(after, 'the alias stays at the old version').not.toBe(before);
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, Qualifier: 'live' }));
    expect(Buffer.from(Payload!).toString()).toBe('"two"');
    await drop(stack);
  });
});
