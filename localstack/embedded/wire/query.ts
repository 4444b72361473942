// The Query protocol, as far as tools that look around need it: who am I, and what is deployed.

import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../../lib/cloud/service.ts';
import type { Stack } from '../cloudformation/deploy.ts';
import { stackIdOf } from '../cloudformation/scope.ts';
import type { WireAnswer, WireRequest } from '../http/message.ts';
import { refusalOf } from './refusal.ts';
import { escapeXml } from './s3/xml.ts';

export interface Account {
  readonly region: string;
  readonly accountId: string;
  stacks(): readonly Stack[];
}

type Members = { readonly [name: string]: Value };
type Value = string | Members | readonly Value[];
type Action = (account: Account, parameters: URLSearchParams) => Members;

const STS = 'https://sts.amazonaws.com/doc/2011-06-15/';
const CLOUDFORMATION = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

const ACTIONS: Readonly<Record<string, { readonly namespace: string; readonly run: Action }>> = {
  GetCallerIdentity: {
    namespace: STS,
    run: ({ accountId }) => ({
      Arn: `arn:aws:iam::${accountId}:root`,
      UserId: accountId,
      Account: accountId,
    }),
  },
  DescribeStacks: {
    namespace: CLOUDFORMATION,
    run: (account, parameters) => ({
      Stacks: chosen(account, parameters.get('StackName')).map((stack) => ({
        ...summaryOf(account, stack),
        Description: stack.description,
        Outputs: Object.entries(stack.outputs).map(([OutputKey, OutputValue]) => ({
          OutputKey,
          OutputValue,
        })),
      })),
    }),
  },
  ListStacks: {
    namespace: CLOUDFORMATION,
    run: (account) => ({
      StackSummaries: account.stacks().map((stack) => summaryOf(account, stack)),
    }),
  },
  ListStackResources: {
    namespace: CLOUDFORMATION,
    run: (account, parameters) => ({ StackResourceSummaries: resourcesOf(account, parameters) }),
  },
  DescribeStackResources: {
    namespace: CLOUDFORMATION,
    run: (account, parameters) => ({ StackResources: resourcesOf(account, parameters) }),
  },
};

/** Answers one call of STS or CloudFormation. */
export function answerQuery(request: WireRequest, account: Account): WireAnswer {
  try {
    const parameters = new URLSearchParams(request.body.toString('utf8'));
    const name = parameters.get('Action') ?? '';
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined) {
      throw new ServiceError(
        'InvalidAction',
        `the embedded cloud does not offer ${name || 'this'}`,
      );
    }
    const result = action.run(account, parameters);
    const body =
      `<${name}Response xmlns="${action.namespace}"><${name}Result>${contentOf(result)}</${name}Result>` +
      `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${name}Response>`;
    return { statusCode: 200, headers: { 'content-type': 'text/xml' }, body };
  } catch (error) {
    const { code, message, statusCode } = refusalOf(error);
    const Type = statusCode < 500 ? 'Sender' : 'Receiver';
    const body = `<ErrorResponse>${contentOf({ Error: { Type, Code: code, Message: message }, RequestId: randomUUID() })}</ErrorResponse>`;
    return { statusCode, headers: { 'content-type': 'text/xml' }, body };
  }
}

/** A stack by its name or id, or all. */
function chosen(account: Account, name: string | null): readonly Stack[] {
  const stacks = account.stacks();
  if (name === null) return stacks;
  const found = stacks.filter(
    (stack) => stack.stackName === name || stackIdOf({ ...account, ...stack }) === name,
  );
  if (found.length > 0) return found;
  throw new ServiceError('ValidationError', `Stack with id ${name} does not exist`);
}

function summaryOf(account: Account, stack: Stack): Members {
  return {
    StackId: stackIdOf({ ...account, ...stack }),
    StackName: stack.stackName,
    CreationTime: new Date(stack.createdAtMs).toISOString(),
    LastUpdatedTime: new Date(stack.updatedAtMs).toISOString(),
    StackStatus: stack.createdAtMs === stack.updatedAtMs ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE',
  };
}

function resourcesOf(account: Account, parameters: URLSearchParams): readonly Members[] {
  return chosen(account, parameters.get('StackName') ?? '').flatMap(({ resources, updatedAtMs }) =>
    Object.entries(resources).map(([LogicalResourceId, { type, physicalId }]) => ({
      LogicalResourceId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      ResourceStatus: 'CREATE_COMPLETE',
      LastUpdatedTimestamp: new Date(updatedAtMs).toISOString(),
      Timestamp: new Date(updatedAtMs).toISOString(),
    })),
  );
}

function contentOf(value: Value): string {
  if (typeof value === 'string') return escapeXml(value);
  if (Array.isArray(value)) {
    return value.map((item: Value) => `<member>${contentOf(item)}</member>`).join('');
  }
  return Object.entries(value)
    .map(([name, member]) => `<${name}>${contentOf(member as Value)}</${name}>`)
    .join('');
}
