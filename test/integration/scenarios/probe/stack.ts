// Small resources by whose behaviour the probe tells what a cloud lacks: a stream with a function
// that answers for a part of its batch, and a rule that is due each minute.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnOutput, Duration, RemovalPolicy, type Stack, Stage } from 'aws-cdk-lib';
import { type IRuleTarget, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import {
  Architecture,
  CfnEventSourceMapping,
  Code,
  type FunctionProps,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { bundleFunction } from '../../../../cdk/bundling/bundle.ts';

export const PROBE_OUTPUTS = { stream: 'ProbeStream', bucket: 'ProbeBucket' } as const;
export const CHANGING_OUTPUTS = {
  function: 'ChangingFunction',
  version: 'ChangingVersion',
} as const;
const REMOVAL_POLICY = RemovalPolicy.DESTROY;

/** A function with an alias, as every pipeline has one, which differs from edition to edition. */
export function addChanging(stack: Stack, edition: string): void {
  const changing = createFunction(stack, 'Changing', {
    code: Code.fromInline('exports.handler = async () => null;'),
    environment: { EDITION: edition },
  });
  const live = changing.addAlias('live');
  new CfnOutput(stack, CHANGING_OUTPUTS.function, { value: live.lambda.functionName });
  new CfnOutput(stack, CHANGING_OUTPUTS.version, { value: live.version.version });
}

export function addProbe(stack: Stack): void {
  const removalPolicy = REMOVAL_POLICY;
  const stream = new Stream(stack, 'Stream', { shardCount: 1, removalPolicy });
  // The rule fires until it is deleted: a bucket is only sure to be empty when the stack is gone.
  const bucket = new Bucket(stack, 'Bucket', { removalPolicy: RemovalPolicy.RETAIN });
  const witness = createFunction(stack, 'Witness', {
    code: codeOf(stack),
    environment: { WITNESS_BUCKET: bucket.bucketName },
  });
  bucket.grantPut(witness);
  stream.grantRead(witness);
  const mapping = new CfnEventSourceMapping(stack, 'Mapping', {
    eventSourceArn: stream.streamArn,
    functionName: witness.functionArn,
    batchSize: 10,
    maximumBatchingWindowInSeconds: 1,
    startingPosition: 'TRIM_HORIZON',
    maximumRetryAttempts: 3,
    functionResponseTypes: ['ReportBatchItemFailures'],
  });
  mapping.node.addDependency(witness);
  const rule = new Rule(stack, 'Rule', {
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [targetOf(witness)],
  });
  witness.addPermission('Rule', {
    principal: new ServicePrincipal('events.amazonaws.com'),
    sourceArn: rule.ruleArn,
  });
  new CfnOutput(stack, PROBE_OUTPUTS.stream, { value: stream.streamName });
  new CfnOutput(stack, PROBE_OUTPUTS.bucket, { value: bucket.bucketName });
}

function createFunction(
  stack: Stack,
  id: string,
  props: Pick<FunctionProps, 'code' | 'environment'>,
): LambdaFunction {
  return new LambdaFunction(stack, id, {
    ...props,
    handler: 'index.handler',
    runtime: Runtime.NODEJS_22_X,
    architecture: Architecture.ARM_64,
    timeout: Duration.seconds(20),
    memorySize: 256,
    logGroup: new LogGroup(stack, `${id}Log`, { removalPolicy: REMOVAL_POLICY }),
  });
}

const targetOf = ({ functionArn: arn }: LambdaFunction): IRuleTarget => ({ bind: () => ({ arn }) });

/** The witness as an asset, bundled as functions of pipelines are. */
function codeOf(stack: Stack): Code {
  const source = join(import.meta.dirname, '..', 'fixtures', 'witness.ts');
  const { text, codeHash } = bundleFunction(source, source);
  const folder = join(Stage.of(stack)!.assetOutdir, 'bundles', codeHash);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.mjs'), text);
  return Code.fromAsset(folder);
}
