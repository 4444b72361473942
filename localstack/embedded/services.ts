// Every call of a service, from outside or from a deployment, goes through here: to the models, to
// CloudFormation, or to what there is of IAM, STS and SSM.

import { ServiceError } from '../../lib/cloud/service.ts';
import { callAccount } from './account.ts';
import { type CloudFormation, createCloudFormation } from './cloudformation/cloudformation.ts';
import type { CodeStore } from './code-store.ts';
import type { DurableCloud } from './durable-cloud.ts';
import type { Feed } from './feed.ts';
import { codeOfTemplate, takeCode } from './function-code.ts';
import type { CallService } from './wire/refusal.ts';

export interface Services {
  readonly call: CallService;
  readonly stacks: CloudFormation;
}

export interface ServiceParts {
  readonly cloud: DurableCloud;
  readonly code: CodeStore;
  readonly feed: Feed;
  /** Something may have become due. */
  readonly changed: () => void;
  /** A function, or one version of it, is no more. */
  readonly functionGone: (functionName: string, version: string | undefined) => void;
  readonly stepDelayMs: number;
}

export function createServices(parts: ServiceParts): Services {
  const { cloud, code, feed, stepDelayMs } = parts;
  const perform: CallService = (service, operation, input) => {
    if (service === 'cloudformation') return stacks.call(operation, input);
    const { region, accountId } = cloud;
    const account = { region, accountId, stacks };
    return (
      callAccount(account, { service, operation, input }) ??
      callModel(parts, { service, operation, input })
    );
  };
  const call: CallService = (service, operation, input) => {
    const report = (refusal: string | null) => {
      if (feed.listenerCount('request') > 0) feed.emit('request', { service, operation, refusal });
    };
    try {
      const output = perform(service, operation, input);
      report(null);
      return output;
    } catch (error) {
      report(error instanceof ServiceError ? error.code : 'InternalFailure');
      throw error;
    }
  };
  const stacks = createCloudFormation({
    store: cloud.stacks,
    now: cloud.now,
    atomically: cloud.atomically,
    readObject: (bucket, key) => readObject(cloud, bucket, key).toString('utf8'),
    stepDelayMs,
    workshop: {
      region: cloud.region,
      accountId: cloud.accountId,
      call: (service, operation, input) =>
        call(service, operation, input) as Readonly<Record<string, unknown>>,
      codeOf: (wanted) => codeOfTemplate(wanted, code),
    },
  });
  return { call, stacks };
}

function callModel(
  { cloud, code, changed, functionGone }: ServiceParts,
  { service, operation, input }: { service: string; operation: string; input: object },
): object {
  const isLambda = service === 'lambda';
  const read = (bucket: string, key: string) => readObject(cloud, bucket, key);
  const taken = isLambda ? takeCode({ operation, input }, code, read) : input;
  const output = cloud.call(service, operation, taken);
  // Only these can make a function due.
  if (isLambda || service === 'kinesis' || service === 'events') changed();
  if (isLambda && operation === 'DeleteFunction') {
    const { FunctionName, Qualifier } = input as { FunctionName: string; Qualifier?: string };
    functionGone(FunctionName.split(':').at(6) ?? FunctionName, Qualifier);
  }
  return output;
}

function readObject(cloud: DurableCloud, Bucket: string, Key: string): Buffer {
  const { Body } = cloud.call('s3', 'GetObject', { Bucket, Key }) as { readonly Body: Uint8Array };
  return Buffer.from(Body);
}
