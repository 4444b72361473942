import { RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Stream, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, it } from 'vitest';
import { ENGINE_PREFIXES } from '../../cdk/constructs/checkpoint-bucket.ts';
import { objectKeys } from '../../lib/contract/keys.ts';
import { asBatchNumber, asCommitId, asLogId } from '../../lib/model/ids.ts';
import { text } from '../support/iam.ts';
import { addPipeline, aStack, aTemplate, resourcesOf, theResource } from '../support/synthesis.ts';

const template = aTemplate();

/** Every type that holds something that a deletion would lose. */
const HOLDING_DATA = [
  'AWS::Kinesis::Stream',
  'AWS::DynamoDB::Table',
  'AWS::S3::Bucket',
  'AWS::Logs::LogGroup',
];

describe('the stream', () => {
  it('has two provisioned shards, keeps a day and is encrypted with the key of the service', () => {
    expect(theResource(template, 'AWS::Kinesis::Stream').Properties).toEqual({
      ShardCount: 2,
      RetentionPeriodHours: 24,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
    });
  });

  it('may be on demand for a pipeline without keyed state', () => {
    const onDemand = aTemplate({ streamMode: StreamMode.ON_DEMAND }, 'archive');
    expect(theResource(onDemand, 'AWS::Kinesis::Stream').Properties).toMatchObject({
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    });
    expect(JSON.stringify(onDemand.toJSON())).not.toContain('ShardCount');
  });

  it('may be there already', () => {
    const stack = aStack();
    const arn = 'arn:aws:kinesis:eu-west-1:111122223333:stream/theirs';
    addPipeline(stack, 'archive', { stream: Stream.fromStreamArn(stack, 'Theirs', arn) });
    const adopting = Template.fromStack(stack);
    adopting.resourceCountIs('AWS::Kinesis::Stream', 0);
    expect(
      theResource(adopting, 'AWS::Lambda::EventSourceMapping').Properties['EventSourceArn'],
    ).toBe(arn);
    expect(adopting.toJSON()['Outputs']['ArchiveStream']).toEqual({ Value: 'theirs' });
  });
});

describe('tables', () => {
  const common = {
    BillingMode: 'PAY_PER_REQUEST',
    DeletionProtectionEnabled: true,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    SSESpecification: { SSEEnabled: true },
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  };

  it('the commit log has a slot number as sort key, and nothing in it ever expires', () => {
    expect(theResource(template, 'AWS::DynamoDB::Table', /CommitLog/).Properties).toEqual({
      ...common,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
      ],
    });
  });

  it('a result table has text keys, and only its tombstones expire', () => {
    expect(theResource(template, 'AWS::DynamoDB::Table', /CallersTable/).Properties).toEqual({
      ...common,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      TimeToLiveSpecification: { AttributeName: '_ttl', Enabled: true },
    });
  });

  it('there is one per DynamoDB sink beside the commit log', () => {
    template.resourceCountIs('AWS::DynamoDB::Table', 2);
    aTemplate({}, 'archive').resourceCountIs('AWS::DynamoDB::Table', 1);
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0);
  });
});

describe('buckets', () => {
  const buckets = Object.entries(resourcesOf(template, 'AWS::S3::Bucket'));

  it('there is one for checkpoints and one for outputs', () => {
    expect(buckets.map(([id]) => id).sort()).toEqual([
      expect.stringMatching(/CheckpointsBucket/),
      expect.stringMatching(/OutputsBucket/),
    ]);
  });

  it.each(buckets)('%s is private, encrypted and versioned, in so many words', (_id, bucket) => {
    expect(bucket.Properties).toEqual({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'recoverable',
            Status: 'Enabled',
            NoncurrentVersionExpiration: { NoncurrentDays: 7 },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          },
          { Id: 'delete-markers', Status: 'Enabled', ExpiredObjectDeleteMarker: true },
        ],
      },
    });
  });

  it.each(buckets)('%s refuses whoever does not use TLS 1.2 or newer', (id) => {
    const policies = Object.values(resourcesOf(template, 'AWS::S3::BucketPolicy'));
    const policy = policies.find(({ Properties }) => text(Properties['Bucket']) === id)!;
    const { Statement } = policy.Properties['PolicyDocument'] as { readonly Statement: object[] };
    const everything = [
      { 'Fn::GetAtt': [id, 'Arn'] },
      { 'Fn::Join': ['', [{ 'Fn::GetAtt': [id, 'Arn'] }, '/*']] },
    ];
    const deny = { Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*', Resource: everything };
    expect(Statement).toEqual([
      { ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      { ...deny, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
    ]);
  });

  it('the prefixes that functions may use are those of the keys that the engine makes', () => {
    const log = asLogId('p/1/s/shardId-000000000000');
    const id = asCommitId('c');
    const one = asBatchNumber(1);
    const keys: Record<keyof typeof objectKeys, string> = {
      body: objectKeys.body(log, one, id),
      staged: objectKeys.staged(log, one, id, 0),
      segment: objectKeys.segment(log, id, 0),
      manifest: objectKeys.manifest(log, one, id),
      lineage: objectKeys.lineage(log, one, one, id),
    };
    const prefixes = Object.values(keys).map((key) => key.slice(0, key.indexOf('/') + 1));
    expect(prefixes.sort()).toEqual([...ENGINE_PREFIXES].sort());
  });
});

describe('what holds data', () => {
  it.each(HOLDING_DATA)('%s outlives its stack', (type) => {
    for (const resource of Object.values(resourcesOf(template, type))) {
      expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it.each(HOLDING_DATA)('%s goes with its stack when that was asked for', (type) => {
    const destroyed = aTemplate({ removalPolicy: RemovalPolicy.DESTROY });
    for (const resource of Object.values(resourcesOf(destroyed, type))) {
      expect(resource).toMatchObject({ DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
      expect(resource.Properties['DeletionProtectionEnabled'] ?? false).toBe(false);
    }
  });

  it('no deployed function can empty a bucket, not even for a stack that is deleted', () => {
    const destroyed = aTemplate({ removalPolicy: RemovalPolicy.DESTROY });
    destroyed.resourceCountIs('Custom::S3AutoDeleteObjects', 0);
    destroyed.resourceCountIs('AWS::Lambda::Function', 2);
  });

  it('is encrypted with the key of the customer when there is one', () => {
    const stack = aStack();
    const key = new Key(stack, 'Key', { enableKeyRotation: true });
    addPipeline(stack, 'call-records', { key });
    const encrypted = Template.fromStack(stack);
    const arn = { 'Fn::GetAtt': [stack.getLogicalId(key.node.defaultChild as never), 'Arn'] };
    const all = (type: string) =>
      Object.values(resourcesOf(encrypted, type)).map(({ Properties }) => Properties);

    for (const stream of all('AWS::Kinesis::Stream')) {
      expect(stream['StreamEncryption']).toEqual({ EncryptionType: 'KMS', KeyId: arn });
    }
    for (const table of all('AWS::DynamoDB::Table')) {
      expect(table['SSESpecification']).toEqual({
        KMSMasterKeyId: arn,
        SSEEnabled: true,
        SSEType: 'KMS',
      });
    }
    for (const bucket of all('AWS::S3::Bucket')) {
      expect(bucket['BucketEncryption']).toEqual({
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: arn },
          },
        ],
      });
    }
    for (const logGroup of all('AWS::Logs::LogGroup')) expect(logGroup['KmsKeyId']).toEqual(arn);
    for (const fn of all('AWS::Lambda::Function')) expect(fn['KmsKeyArn']).toEqual(arn);
  });
});
