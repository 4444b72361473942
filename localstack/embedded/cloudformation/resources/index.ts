import { globalTable, table } from './dynamodb.ts';
import { rule } from './events.ts';
import {
  IAM_ROLE,
  key,
  keyAlias,
  logGroup,
  managedPolicy,
  named,
  parameter,
  queue,
  repository,
  role,
  SSM_PARAMETER,
} from './inert.ts';
import { stream, streamPolicy } from './kinesis.ts';
import { alias, eventSourceMapping, lambdaFunction, version } from './lambda.ts';
import type { ResourceType } from './resource-type.ts';
import { bucket, bucketPolicy } from './s3.ts';

/** Every type a template may hold. */
export const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map([
  ['AWS::CDK::Metadata', named],
  ['AWS::DynamoDB::GlobalTable', globalTable],
  ['AWS::DynamoDB::Table', table],
  ['AWS::ECR::Repository', repository],
  ['AWS::Events::Rule', rule],
  ['AWS::IAM::ManagedPolicy', managedPolicy],
  ['AWS::IAM::Policy', named],
  [IAM_ROLE, role],
  ['AWS::KMS::Alias', keyAlias],
  ['AWS::KMS::Key', key],
  ['AWS::Kinesis::ResourcePolicy', streamPolicy],
  ['AWS::Kinesis::Stream', stream],
  ['AWS::Lambda::Alias', alias],
  ['AWS::Lambda::EventSourceMapping', eventSourceMapping],
  ['AWS::Lambda::Function', lambdaFunction],
  ['AWS::Lambda::Permission', named],
  ['AWS::Lambda::Version', version],
  ['AWS::Logs::LogGroup', logGroup],
  ['AWS::S3::Bucket', bucket],
  ['AWS::S3::BucketPolicy', bucketPolicy],
  ['AWS::SQS::Queue', queue],
  [SSM_PARAMETER, parameter],
]);
