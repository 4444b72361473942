import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { refuse } from '../refuse.ts';

/** How everything that holds data is kept: shared by all constructs of a pipeline. */
export interface Protection {
  readonly removalPolicy: RemovalPolicy;
  /** Customer-managed key; `undefined`: keys that AWS manages, without a monthly price. */
  readonly key: IKey | undefined;
}

/** Checks the policy, and lets CloudWatch Logs use the key: it does so itself, not through a role. */
export function createProtection(scope: Construct, protection: Protection): Protection {
  const { removalPolicy, key } = protection;
  if (removalPolicy === RemovalPolicy.SNAPSHOT) {
    refuse('removalPolicy SNAPSHOT is not possible for streams, tables and buckets: use RETAIN');
  }
  const stack = Stack.of(scope);
  // The policy of an imported key is left alone: its owner has to add this statement.
  key?.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
      actions: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey*',
        'kms:ReEncrypt*',
      ],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroupsOf(stack) } },
    }),
  );
  return protection;
}

/** Whether data outlives its stack; tables are then protected from deletion by hand, too. */
export function retains({ removalPolicy }: Protection): boolean {
  return removalPolicy !== RemovalPolicy.DESTROY;
}

function logGroupsOf(stack: Stack): string {
  return stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
