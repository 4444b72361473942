// Which properties a template may give to each type, by their names in the resource reference. Any other
// is refused, so that nobody takes for granted what is not carried out. A dot leads into a property of
// which only the members named are known.

interface Known {
  /** Made so, and changed when they change. */
  readonly carriedOut: string;
  /** About what is not here: permissions, encryption, cost, tracing, messages, images. */
  readonly withoutEffect: string;
}

const KNOWN: Readonly<Record<string, Known>> = {
  'AWS::CDK::Metadata': { carriedOut: '', withoutEffect: 'Analytics' },
  'AWS::DynamoDB::GlobalTable': {
    carriedOut:
      'AttributeDefinitions BillingMode KeySchema TableName TimeToLiveSpecification ' +
      'Replicas.DeletionProtectionEnabled Replicas.PointInTimeRecoverySpecification Replicas.Region',
    withoutEffect:
      'SSESpecification Replicas.ContributorInsightsSpecification Replicas.ResourcePolicy ' +
      'Replicas.SSESpecification Replicas.TableClass Replicas.Tags',
  },
  'AWS::DynamoDB::Table': {
    carriedOut:
      'AttributeDefinitions BillingMode DeletionProtectionEnabled KeySchema ' +
      'PointInTimeRecoverySpecification ProvisionedThroughput TableName TimeToLiveSpecification',
    withoutEffect:
      'ContributorInsightsSpecification ResourcePolicy SSESpecification TableClass Tags',
  },
  'AWS::ECR::Repository': {
    carriedOut: 'RepositoryName',
    withoutEffect:
      'EmptyOnDelete EncryptionConfiguration ImageScanningConfiguration ImageTagMutability ' +
      'LifecyclePolicy RepositoryPolicyText Tags',
  },
  'AWS::Events::Rule': {
    carriedOut: 'Description Name ScheduleExpression State Targets.Arn Targets.Id Targets.Input',
    withoutEffect: 'RoleArn Tags Targets.RoleArn',
  },
  'AWS::IAM::ManagedPolicy': {
    carriedOut: 'ManagedPolicyName',
    withoutEffect: 'Description Groups Path PolicyDocument Roles Users',
  },
  'AWS::IAM::Policy': {
    carriedOut: 'PolicyName',
    withoutEffect: 'Groups PolicyDocument Roles Users',
  },
  'AWS::IAM::Role': {
    carriedOut: 'RoleName',
    withoutEffect:
      'AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path ' +
      'PermissionsBoundary Policies Tags',
  },
  'AWS::KMS::Alias': { carriedOut: 'AliasName', withoutEffect: 'TargetKeyId' },
  'AWS::KMS::Key': {
    carriedOut: '',
    withoutEffect:
      'BypassPolicyLockoutSafetyCheck Description EnableKeyRotation Enabled KeyPolicy KeySpec ' +
      'KeyUsage MultiRegion Origin PendingWindowInDays RotationPeriodInDays Tags',
  },
  'AWS::Kinesis::ResourcePolicy': { carriedOut: 'ResourceArn ResourcePolicy', withoutEffect: '' },
  'AWS::Kinesis::Stream': {
    carriedOut:
      'MaxRecordSizeInKiB Name RetentionPeriodHours ShardCount StreamEncryption StreamModeDetails Tags',
    withoutEffect: 'DesiredShardLevelMetrics',
  },
  'AWS::Lambda::Alias': {
    carriedOut: 'Description FunctionName FunctionVersion Name',
    withoutEffect: '',
  },
  'AWS::Lambda::EventSourceMapping': {
    carriedOut:
      'BatchSize BisectBatchOnFunctionError DestinationConfig Enabled EventSourceArn FilterCriteria ' +
      'FunctionName FunctionResponseTypes MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds ' +
      'MaximumRetryAttempts ParallelizationFactor StartingPosition StartingPositionTimestamp ' +
      'TumblingWindowInSeconds',
    withoutEffect: 'KmsKeyArn MetricsConfig Tags',
  },
  'AWS::Lambda::Function': {
    carriedOut:
      'Architectures Code.S3Bucket Code.S3Key Code.ZipFile Description Environment FunctionName ' +
      'Handler MemorySize PackageType Role Runtime Timeout',
    withoutEffect: 'KmsKeyArn LoggingConfig.LogGroup RuntimeManagementConfig Tags TracingConfig',
  },
  'AWS::Lambda::Permission': {
    carriedOut: '',
    withoutEffect:
      'Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal ' +
      'PrincipalOrgID SourceAccount SourceArn',
  },
  'AWS::Lambda::Version': {
    carriedOut: 'CodeSha256 Description FunctionName',
    withoutEffect: '',
  },
  'AWS::Logs::LogGroup': {
    carriedOut: 'LogGroupName',
    withoutEffect:
      'DataProtectionPolicy FieldIndexPolicies KmsKeyId LogGroupClass RetentionInDays Tags',
  },
  'AWS::S3::Bucket': {
    carriedOut:
      'BucketEncryption BucketName OwnershipControls PublicAccessBlockConfiguration ' +
      'VersioningConfiguration LifecycleConfiguration.Rules.AbortIncompleteMultipartUpload ' +
      'LifecycleConfiguration.Rules.ExpirationInDays ' +
      'LifecycleConfiguration.Rules.ExpiredObjectDeleteMarker LifecycleConfiguration.Rules.Id ' +
      'LifecycleConfiguration.Rules.NoncurrentVersionExpiration ' +
      'LifecycleConfiguration.Rules.NoncurrentVersionTransitions ' +
      'LifecycleConfiguration.Rules.Prefix LifecycleConfiguration.Rules.Status ' +
      'LifecycleConfiguration.Rules.Transitions',
    withoutEffect: 'AccessControl Tags',
  },
  'AWS::S3::BucketPolicy': { carriedOut: 'Bucket PolicyDocument', withoutEffect: '' },
  'AWS::SQS::Queue': {
    carriedOut: 'QueueName',
    withoutEffect:
      'ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit ' +
      'KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod ' +
      'ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled Tags ' +
      'VisibilityTimeout',
  },
  'AWS::SSM::Parameter': {
    carriedOut: 'Name Type Value',
    withoutEffect: 'DataType Description Tags Tier',
  },
};

/** Names of the properties that a type knows, inner ones behind a dot. */
export const KNOWN_PROPERTIES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(KNOWN).map(([type, { carriedOut, withoutEffect }]) => [
    type,
    new Set(`${carriedOut} ${withoutEffect}`.split(' ')),
  ]),
);
