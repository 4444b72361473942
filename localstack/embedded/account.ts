// What is left of an account where permissions are not checked: who one is, roles that anyone may take
// if a stack has made them, and parameters of SSM, which are read from the stacks that hold them.

import { ServiceError } from '../../lib/cloud/service.ts';
import type { CloudFormation } from './cloudformation/cloudformation.ts';

export interface Account {
  readonly accountId: string;
  readonly region: string;
  readonly stacks: Pick<CloudFormation, 'parameterOf' | 'hasRole'>;
}

type Input = Readonly<Record<string, unknown>>;
type Action = (account: Account, input: Input) => object;

const CREDENTIALS_SECONDS = 3_600;

const STS: Readonly<Record<string, Action>> = {
  GetCallerIdentity: ({ accountId }) => ({
    Arn: `arn:aws:iam::${accountId}:root`,
    UserId: accountId,
    Account: accountId,
  }),
  AssumeRole: assumeRole,
};

const SSM: Readonly<Record<string, Action>> = {
  GetParameter(account, { Name }) {
    const Parameter = presentParameter(account, String(Name));
    if (Parameter !== undefined) return { Parameter };
    throw new ServiceError('ParameterNotFound', `Parameter ${Name} not found.`);
  },
  GetParameters(account, { Names }) {
    if (!Array.isArray(Names)) {
      throw new ServiceError('ValidationException', 'GetParameters needs a list of Names');
    }
    const names: readonly string[] = Names.map(String);
    const found = names.map((name) => presentParameter(account, name));
    return {
      Parameters: found.filter((parameter) => parameter !== undefined),
      InvalidParameters: names.filter((_name, index) => found[index] === undefined),
    };
  },
};

const IAM: Readonly<Record<string, Action>> = {
  GetRole({ accountId, stacks }, { RoleName }) {
    if (typeof RoleName !== 'string' || !stacks.hasRole(RoleName)) {
      throw new ServiceError('NoSuchEntity', `The role with name ${RoleName} cannot be found.`, {
        statusCode: 404,
      });
    }
    return { Role: { Path: '/', RoleName, Arn: `arn:aws:iam::${accountId}:role/${RoleName}` } };
  },
};

const SERVICES: ReadonlyMap<string, Readonly<Record<string, Action>>> = new Map([
  ['iam', IAM],
  ['ssm', SSM],
  ['sts', STS],
]);

/** Answers IAM, STS and SSM; undefined when the service is another. */
export function callAccount(
  account: Account,
  call: { readonly service: string; readonly operation: string; readonly input: object },
): object | undefined {
  const { service, operation, input } = call;
  const actions = SERVICES.get(service);
  if (actions === undefined) return undefined;
  const action = Object.hasOwn(actions, operation) ? actions[operation] : undefined;
  if (action !== undefined) return action(account, input as Input);
  throw new ServiceError(
    'InvalidAction',
    `the embedded cloud does not offer ${operation} of ${service}`,
  );
}

/** Anyone may take a role that a stack has made; the credentials open no more and no less. */
function assumeRole({ accountId, stacks }: Account, input: Input): object {
  const { RoleArn, RoleSessionName } = input;
  if (typeof RoleArn !== 'string' || typeof RoleSessionName !== 'string') {
    throw new ServiceError('ValidationError', 'AssumeRole needs a RoleArn and a RoleSessionName');
  }
  const roleName = RoleArn.split('/').at(-1) ?? '';
  if (!stacks.hasRole(roleName)) {
    throw new ServiceError(
      'AccessDenied',
      `User: arn:aws:iam::${accountId}:root is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      { statusCode: 403 },
    );
  }
  return {
    Credentials: {
      AccessKeyId: 'ASIAEMBEDDEDCLOUD000',
      SecretAccessKey: 'any',
      SessionToken: 'any',
      Expiration: new Date(Date.now() + CREDENTIALS_SECONDS * 1_000).toISOString(),
    },
    AssumedRoleUser: {
      AssumedRoleId: `AROAEMBEDDEDCLOUD000:${RoleSessionName}`,
      Arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${RoleSessionName}`,
    },
  };
}

function presentParameter(account: Account, Name: string): object | undefined {
  const Value = account.stacks.parameterOf(Name);
  if (Value === undefined) return undefined;
  const ARN = `arn:aws:ssm:${account.region}:${account.accountId}:parameter${Name}`;
  return { Name, Type: 'String', Value, Version: 1, ARN, DataType: 'text' };
}
