import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, Stack, Stage, Validations } from 'aws-cdk-lib';
import {
  type IGrantable,
  type IPrincipal,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../../lib/contract/environment.ts';
import { assert } from '../../lib/model/assert.ts';
import {
  bundleFunction,
  type FunctionBundle,
  type FunctionName,
  functionSource,
} from '../bundling/bundle.ts';
import type { Protection } from './protection.ts';

export interface EngineFunctionProps {
  readonly name: FunctionName;
  /** Absolute path of the module with the pipeline. */
  readonly entry: string;
  readonly description: string;
  readonly memorySize: number;
  readonly timeout: Duration;
  readonly logRetention: RetentionDays;
  readonly environment: Readonly<Record<string, string>>;
  readonly protection: Protection;
}

/**
 * A function of the engine with a role and a log group of its own. The role can write that log and,
 * with a customer-managed key, use it; everything else is a statement of some other construct.
 */
export class EngineFunction extends Construct implements IGrantable {
  readonly function: LambdaFunction;
  readonly grantPrincipal: IPrincipal;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: EngineFunctionProps) {
    super(scope, id);
    const { name, entry, description, memorySize, timeout, protection } = props;
    const bundle = bundleFunction(functionSource(name), entry);
    this.#role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    this.grantPrincipal = this.#role;
    const logGroup = this.createLogGroup(props);
    this.function = new LambdaFunction(this, 'Function', {
      description,
      code: codeOf(this, bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.ARM_64,
      memorySize,
      timeout,
      role: this.#role,
      logGroup,
      environment: { ...props.environment, [ENVIRONMENT.codeHash]: bundle.codeHash },
      ...(protection.key !== undefined && { environmentEncryption: protection.key }),
    });
    if (protection.key !== undefined) {
      this.allow(
        new PolicyStatement({
          sid: 'UseKey',
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: [protection.key.keyArn],
        }),
      );
    }
    this.acknowledgeRules();
  }

  /** Adds a statement to the role of the function. */
  allow(statement: PolicyStatement): void {
    this.#role.addToPolicy(statement);
  }

  /** Adds a statement about the objects of `bucket` under `prefixes`, and says why each ends in `*`. */
  allowObjects(statement: {
    readonly sid: string;
    readonly actions: readonly string[];
    readonly bucket: Bucket;
    readonly prefixes: readonly string[];
  }): void {
    const { sid, actions, bucket, prefixes } = statement;
    this.allow(
      new PolicyStatement({
        sid,
        actions: [...actions],
        resources: prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`)),
      }),
    );
    const logicalId = Stack.of(this).getLogicalId(bucket.node.defaultChild as CfnBucket);
    Validations.of(this.#role).acknowledge(
      ...prefixes.map((prefix) => ({
        id: `AwsSolutions-IAM5[Resource::<${logicalId}.Arn>/${prefix}*]`,
        reason: `Keys hold the log and a random commit id, so they are not known before they are written. The statement ends at the prefix ${prefix} of one bucket that only this pipeline uses, and names its actions.`,
      })),
    );
  }

  private createLogGroup({ logRetention, protection }: EngineFunctionProps): LogGroup {
    const { key, removalPolicy } = protection;
    const logGroup = new LogGroup(this, 'Log', {
      retention: logRetention,
      removalPolicy,
      ...(key !== undefined && { encryptionKey: key }),
    });
    this.allow(
      new PolicyStatement({
        sid: 'WriteLog',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    return logGroup;
  }

  private acknowledgeRules(): void {
    const runtime =
      'nodejs22.x is supported until April 2027 and is the newest runtime that the package is tested on; the infrastructure tests pin it.';
    const deadLetters =
      'No event of an asynchronous invocation is worth keeping: the mapping has an on-failure destination of its own, and what one run of maintenance missed the next run does.';
    const tracing =
      'Tracing needs actions on every resource. The commit log has the positions, times and counts of every batch, not of a sample.';
    Validations.of(this.function).acknowledge(
      { id: 'AwsSolutions-L1', reason: runtime },
      { id: 'Serverless-LambdaLatestVersion', reason: runtime },
      { id: 'Serverless-LambdaDLQ', reason: deadLetters },
      { id: 'Serverless-LambdaTracing', reason: tracing },
    );
  }
}

/** The bundle as an asset, written beside the template: never outside of the output folder. */
function codeOf(scope: Construct, { text, codeHash }: FunctionBundle): Code {
  const stage = Stage.of(scope);
  assert(stage !== undefined, 'a function stands in no app');
  const folder = join(stage.assetOutdir, 'bundles', codeHash);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.mjs'), text);
  return Code.fromAsset(folder);
}
