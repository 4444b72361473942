// What `cdk bootstrap` does to an account, without the command: its own template, with the values that
// it gives to the parameters, so that the command itself then finds nothing left to do.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { EmbeddedCloud } from './embedded/embedded-cloud.ts';

const STACK = 'CDKToolkit';
const TEMPLATE = 'aws-cdk/lib/api/bootstrap/bootstrap-template.yaml';
const PARAMETERS: Readonly<Record<string, string>> = {
  CloudFormationExecutionPolicies: '',
  FileAssetsBucketKmsKeyId: 'AWS_MANAGED_KEY',
  PublicAccessBlockConfiguration: 'true',
  TrustedAccounts: '',
  TrustedAccountsForLookup: '',
};

/**
 * Makes the cloud an environment that `cdk deploy` can work with at once. One that the command has
 * bootstrapped stays as it is.
 *
 * @throws Refused when something is in the way, such as the bucket of one that was deleted
 */
export async function bootstrap(cloud: EmbeddedCloud): Promise<void> {
  if (cloud.hasStack(STACK)) return;
  const templateBody = await readFile(createRequire(import.meta.url).resolve(TEMPLATE), 'utf8');
  const parameters = Object.entries(PARAMETERS).map(([ParameterKey, ParameterValue]) => ({
    ParameterKey,
    ParameterValue,
  }));
  await cloud.deployTemplate({ stackName: STACK, templateBody, parameters });
}
