import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, it } from 'vitest';
import { isAllowed, statementsOf } from '../support/iam.ts';
import { addPipeline, aStack, resourcesOf } from '../support/synthesis.ts';

const stack = aStack();
const pipeline = addPipeline(stack, 'call-records');
addPipeline(stack, 'archive');
const user = (id: string) =>
  new Role(stack, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
pipeline.grantPut(user('Producer'));
pipeline.grantReadOutputs(user('Reader'));
const template = Template.fromStack(stack);

/** Short names for what policies are about; the text of an ARN is the logical id and what follows. */
const at = (type: string, id: RegExp) =>
  Object.keys(resourcesOf(template, type)).find((name) => id.test(name))!;
const STREAM = at('AWS::Kinesis::Stream', /^callrecords/);
const LOG_TABLE = at('AWS::DynamoDB::Table', /^callrecordsCommitLog/);
const RESULTS = at('AWS::DynamoDB::Table', /^callrecords.*CallersTable/);
const CHECKPOINTS = at('AWS::S3::Bucket', /^callrecordsCheckpoints/);
const OUTPUTS = at('AWS::S3::Bucket', /^callrecordsOutputs/);
const OTHER = {
  stream: at('AWS::Kinesis::Stream', /^archive/),
  logTable: at('AWS::DynamoDB::Table', /^archiveCommitLog/),
  checkpoints: at('AWS::S3::Bucket', /^archiveCheckpoints/),
  outputs: at('AWS::S3::Bucket', /^archiveOutputs/),
};
const logOf = (id: RegExp) => at('AWS::Logs::LogGroup', id);

const ROLES = {
  task: statementsOf(template, /^callrecordsPartitionTask/),
  maintenance: statementsOf(template, /^callrecordsMaintenance/),
  producer: statementsOf(template, /^Producer/),
  reader: statementsOf(template, /^Reader/),
};

const engineObjects = ['bodies', 'lineage', 'manifests', 'segments', 'staged'].map(
  (prefix) => `${CHECKPOINTS}/${prefix}/*`,
);
const published = ['dead-letters', 'late/too-late', 'rows/calls'].map(
  (prefix) => `${OUTPUTS}/${prefix}/*`,
);

/** Everything that each role may do, by statement: whatever is added has to be added here, too. */
const ALLOW_LIST: Readonly<
  Record<keyof typeof ROLES, Readonly<Record<string, readonly [string[], string[]]>>>
> = {
  task: {
    WriteLog: [['logs:CreateLogStream', 'logs:PutLogEvents'], [logOf(/^callrecordsPartitionTask/)]],
    ReadSourceRecords: [
      [
        'kinesis:DescribeStream',
        'kinesis:DescribeStreamSummary',
        'kinesis:GetRecords',
        'kinesis:GetShardIterator',
        'kinesis:ListShards',
      ],
      [STREAM],
    ],
    AppendAndReadCommits: [
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [LOG_TABLE],
    ],
    ReadAndWriteEngineObjects: [['s3:GetObject', 's3:PutObject'], engineObjects],
    ListEngineObjects: [['s3:ListBucket'], [CHECKPOINTS]],
    KeepFailedBatches: [['s3:PutObject'], [`${CHECKPOINTS}/aws/lambda/*`]],
    PublishItems: [['dynamodb:PutItem'], [RESULTS]],
    PublishObjects: [['s3:GetObject', 's3:PutObject'], published],
    SeeMissingObjects: [['s3:ListBucket'], [OUTPUTS]],
  },
  maintenance: {
    WriteLog: [['logs:CreateLogStream', 'logs:PutLogEvents'], [logOf(/^callrecordsMaintenance/)]],
    ListShards: [['kinesis:DescribeStreamSummary', 'kinesis:ListShards'], [STREAM]],
    ReadCommitsAndMovePointer: [
      ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [LOG_TABLE],
    ],
    FoldAndPruneEngineObjects: [['s3:DeleteObject', 's3:GetObject', 's3:PutObject'], engineObjects],
    ListEngineObjects: [['s3:ListBucket'], [CHECKPOINTS]],
  },
  producer: {
    '': [
      [
        'kinesis:DescribeStreamSummary',
        'kinesis:ListShards',
        'kinesis:PutRecord',
        'kinesis:PutRecords',
      ],
      [STREAM],
    ],
  },
  reader: {
    '': [
      ['s3:GetObject', 's3:ListBucket'],
      [OUTPUTS, ...published],
    ],
    '#2': [
      ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan'],
      [RESULTS],
    ],
  },
};

describe('a role may do what the allow-list says and nothing else', () => {
  it.each(Object.entries(ROLES))('%s', (name, statements) => {
    const found = statements.map(({ sid, effect, actions, resources }, index) => {
      expect(effect).toBe('Allow');
      const key = sid === '' && index > 0 ? `#${index + 1}` : sid;
      return [key, [[...actions].sort(), [...resources].sort()]];
    });
    const allowed = Object.entries(ALLOW_LIST[name as keyof typeof ROLES]).map(
      ([sid, [actions, resources]]) => [sid, [[...actions].sort(), [...resources].sort()]],
    );
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(allowed));
  });
});

describe('every role of the template', () => {
  const everything = statementsOf(template, /./);

  it('names its actions one by one', () => {
    for (const { actions } of everything) expect(actions.join()).not.toContain('*');
  });

  it('names its resources, and ends in * only behind a prefix of one bucket', () => {
    for (const resource of everything.flatMap(({ resources }) => resources)) {
      expect(resource).toMatch(/^[A-Za-z0-9]+(\/[a-z-]+(\/[a-z-]+)?\/\*)?$/);
    }
  });

  it('belongs to one function only, and has no managed policy', () => {
    const functions = Object.values(resourcesOf(template, 'AWS::Lambda::Function'));
    const roles = functions.map(({ Properties }) => JSON.stringify(Properties['Role']));
    expect(new Set(roles).size).toBe(functions.length);
    for (const role of Object.values(resourcesOf(template, 'AWS::IAM::Role'))) {
      expect(role.Properties['ManagedPolicyArns']).toBeUndefined();
      expect(role.Properties['Policies']).toBeUndefined();
    }
  });

  it('can be assumed by Lambda alone', () => {
    for (const role of Object.values(resourcesOf(template, 'AWS::IAM::Role'))) {
      expect(role.Properties['AssumeRolePolicyDocument']).toEqual({
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'sts:AssumeRole',
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
          },
        ],
      });
    }
  });
});

type Pair = readonly [role: keyof typeof ROLES, action: string, resource: string];

const ALLOWED: readonly Pair[] = [
  ['task', 'dynamodb:PutItem', LOG_TABLE],
  ['task', 'dynamodb:PutItem', RESULTS],
  ['task', 's3:PutObject', `${CHECKPOINTS}/staged/a/1/b/c/000000000001-x-0`],
  ['task', 's3:PutObject', `${CHECKPOINTS}/aws/lambda/uuid/shardId-000000000000/2030/01/01/x`],
  ['task', 's3:PutObject', `${OUTPUTS}/rows/calls/dt=2030-01-01/x.ndjson`],
  ['task', 'kinesis:GetRecords', STREAM],
  ['maintenance', 's3:DeleteObject', `${CHECKPOINTS}/bodies/a/1/b/c/000000000001-x`],
  ['maintenance', 'dynamodb:UpdateItem', LOG_TABLE],
  ['producer', 'kinesis:PutRecords', STREAM],
  ['reader', 'dynamodb:Query', RESULTS],
  ['reader', 's3:GetObject', `${OUTPUTS}/dead-letters/x`],
];

const DENIED: readonly Pair[] = [
  // Nothing may leave the commit log: an item that is gone fences nobody.
  ['task', 'dynamodb:DeleteItem', LOG_TABLE],
  ['task', 'dynamodb:BatchWriteItem', LOG_TABLE],
  ['task', 'dynamodb:Scan', LOG_TABLE],
  ['task', 'dynamodb:DeleteTable', LOG_TABLE],
  ['task', 'dynamodb:UpdateTimeToLive', LOG_TABLE],
  ['maintenance', 'dynamodb:DeleteItem', LOG_TABLE],
  ['maintenance', 'dynamodb:BatchWriteItem', LOG_TABLE],
  // Only a partition task commits.
  ['maintenance', 'dynamodb:PutItem', LOG_TABLE],
  ['maintenance', 'dynamodb:Scan', LOG_TABLE],
  ['reader', 'dynamodb:GetItem', LOG_TABLE],
  // Rows are put, and never taken away.
  ['task', 'dynamodb:DeleteItem', RESULTS],
  ['task', 'dynamodb:UpdateItem', RESULTS],
  ['task', 'dynamodb:Scan', RESULTS],
  ['task', 's3:DeleteObject', `${OUTPUTS}/rows/calls/x`],
  ['maintenance', 'dynamodb:PutItem', RESULTS],
  ['maintenance', 's3:PutObject', `${OUTPUTS}/rows/calls/x`],
  ['maintenance', 's3:GetObject', `${OUTPUTS}/dead-letters/x`],
  ['reader', 'dynamodb:PutItem', RESULTS],
  ['reader', 's3:PutObject', `${OUTPUTS}/rows/calls/x`],
  ['reader', 's3:DeleteObject', `${OUTPUTS}/rows/calls/x`],
  // A task that goes wrong cannot take checkpoints with it.
  ['task', 's3:DeleteObject', `${CHECKPOINTS}/segments/x`],
  ['task', 's3:DeleteObjectVersion', `${CHECKPOINTS}/segments/x`],
  ['maintenance', 's3:DeleteObjectVersion', `${CHECKPOINTS}/segments/x`],
  ['maintenance', 's3:PutLifecycleConfiguration', CHECKPOINTS],
  ['task', 's3:PutBucketPolicy', CHECKPOINTS],
  ['reader', 's3:GetObject', `${CHECKPOINTS}/manifests/x`],
  // Failed batches are written by Lambda and read by people.
  ['task', 's3:GetObject', `${CHECKPOINTS}/aws/lambda/x`],
  ['maintenance', 's3:GetObject', `${CHECKPOINTS}/aws/lambda/x`],
  ['maintenance', 's3:DeleteObject', `${CHECKPOINTS}/aws/lambda/x`],
  ['task', 's3:PutObject', `${CHECKPOINTS}/elsewhere/x`],
  ['task', 's3:PutObject', `${OUTPUTS}/elsewhere/x`],
  ['task', 's3:PutObject', `${OUTPUTS}/rows/calls`],
  // The source is read by its task, and written by producers.
  ['task', 'kinesis:PutRecord', STREAM],
  ['task', 'kinesis:DeleteStream', STREAM],
  ['task', 'kinesis:MergeShards', STREAM],
  ['maintenance', 'kinesis:GetRecords', STREAM],
  ['producer', 'kinesis:GetRecords', STREAM],
  ['producer', 's3:GetObject', `${OUTPUTS}/rows/calls/x`],
  ['reader', 'kinesis:PutRecord', STREAM],
  ['reader', 'kinesis:GetRecords', STREAM],
  // Pipelines do not see each other.
  ['task', 'kinesis:GetRecords', OTHER.stream],
  ['task', 'dynamodb:PutItem', OTHER.logTable],
  ['task', 's3:GetObject', `${OTHER.checkpoints}/bodies/x`],
  ['task', 's3:PutObject', `${OTHER.outputs}/rows/everything/x`],
  ['task', 's3:ListBucket', OTHER.outputs],
  ['maintenance', 'dynamodb:UpdateItem', OTHER.logTable],
  ['maintenance', 's3:DeleteObject', `${OTHER.checkpoints}/bodies/x`],
  ['producer', 'kinesis:PutRecord', OTHER.stream],
  ['reader', 's3:GetObject', `${OTHER.outputs}/rows/everything/x`],
  // Logs are written, not read, and each function has its own.
  ['task', 'logs:GetLogEvents', logOf(/^callrecordsPartitionTask/)],
  ['task', 'logs:PutLogEvents', logOf(/^callrecordsMaintenance/)],
  ['task', 'logs:DeleteLogGroup', logOf(/^callrecordsPartitionTask/)],
  ['task', 'lambda:InvokeFunction', at('AWS::Lambda::Function', /^callrecordsMaintenance/)],
  ['task', 'iam:PassRole', at('AWS::IAM::Role', /^callrecordsPartitionTask/)],
];

it.each(ALLOWED)('%s may %s on %s', (role, action, resource) => {
  expect(isAllowed(ROLES[role], action, resource)).toBe(true);
});

it.each(DENIED)('%s may not %s on %s', (role, action, resource) => {
  expect(isAllowed(ROLES[role], action, resource)).toBe(false);
});

it('the schedule alone invokes maintenance, and nothing but the mapping the task', () => {
  const permissions = Object.values(resourcesOf(template, 'AWS::Lambda::Permission'));
  expect(permissions).toHaveLength(2);
  for (const { Properties } of permissions) {
    expect(Properties).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [expect.stringMatching(/MaintenanceSchedule/), 'Arn'] },
    });
    expect(JSON.stringify(Properties['FunctionName'])).toContain('Maintenance');
  }
});

it('with a key of the customer each role uses that key, and no more than it needs of it', () => {
  const encrypted = aStack();
  const key = new Key(encrypted, 'Key');
  const withKey = addPipeline(encrypted, 'call-records', { key });
  const client = (id: string) =>
    new Role(encrypted, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  withKey.grantPut(client('Producer'));
  withKey.grantReadOutputs(client('Reader'));
  const found = Template.fromStack(encrypted);
  const keyId = encrypted.getLogicalId(key.node.defaultChild as never);
  const actionsOf = (role: RegExp) =>
    statementsOf(found, role)
      .filter(({ resources }) => resources.includes(keyId))
      .flatMap(({ actions }) => actions);
  expect(actionsOf(/PartitionTask/)).toEqual(['kms:Decrypt', 'kms:GenerateDataKey']);
  expect(actionsOf(/Maintenance/)).toEqual(['kms:Decrypt', 'kms:GenerateDataKey']);
  expect(actionsOf(/Producer/)).toEqual(['kms:GenerateDataKey']);
  expect(actionsOf(/Reader/)).toEqual(['kms:Decrypt']);
});
