import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AssetHashType, DockerImage, type Duration, Stack, Validations } from 'aws-cdk-lib';
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
    const source = functionSource(name);
    const bundle = bundleFunction(source, entry);
    this.#role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    this.grantPrincipal = this.#role;
    const logGroup = this.createLogGroup(props);
    this.function = new LambdaFunction(this, 'Function', {
      description,
      code: codeOf(source, bundle),
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
    this.acknowledgeRuntime();
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

  private acknowledgeRuntime(): void {
    Validations.of(this.function).acknowledge({
      id: 'AwsSolutions-L1',
      reason:
        'nodejs22.x is supported until April 2027 and is the newest runtime that the package is tested on; the infrastructure tests pin it.',
    });
  }
}

/** The bundle as an asset. The bundling hook writes what is there already: no Docker, no process. */
function codeOf(source: string, { text, codeHash }: FunctionBundle): Code {
  return Code.fromAsset(dirname(source), {
    // The library would take two bundles of one folder for the same one, if it was not told apart.
    assetHashType: AssetHashType.CUSTOM,
    assetHash: codeHash,
    bundling: {
      image: DockerImage.fromRegistry('unused'),
      local: {
        tryBundle(folder) {
          writeFileSync(join(folder, 'index.mjs'), text);
          return true;
        },
      },
    },
  });
}
