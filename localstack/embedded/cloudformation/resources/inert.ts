// Resources that nothing here acts on: permissions are not checked, keys encrypt nothing, queues take
// no messages, no image is stored. They have the names and attributes that the rest of a template asks
// for. A parameter of SSM is one of them: it is read from the stack that holds it.

import { randomUUID } from 'node:crypto';
import { inventName } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import type { Made, ResourceType, Wanted, Workshop } from './resource-type.ts';

/** The type of the parameters that SSM answers with. */
export const SSM_PARAMETER = 'AWS::SSM::Parameter';
/** The type of the roles that STS lets anyone take. */
export const IAM_ROLE = 'AWS::IAM::Role';

export const role = inert({
  nameProperty: 'RoleName',
  replacedBy: ['Path'],
  lengthMax: 64,
  made: (name, { accountId }) => ({
    physicalId: name,
    attributes: {
      Arn: `arn:aws:iam::${accountId}:role/${name}`,
      RoleId: `AROA${name.slice(-12)}`,
    },
  }),
});

export const managedPolicy = inert({
  nameProperty: 'ManagedPolicyName',
  replacedBy: ['Path', 'Description'],
  lengthMax: 128,
  made(name, { accountId }) {
    const arn = `arn:aws:iam::${accountId}:policy/${name}`;
    return { physicalId: arn, attributes: { PolicyArn: arn } };
  },
});

export const logGroup = inert({
  nameProperty: 'LogGroupName',
  replacedBy: ['LogGroupClass'],
  lengthMax: 512,
  made: (name, { region, accountId }) => ({
    physicalId: name,
    attributes: { Arn: `arn:aws:logs:${region}:${accountId}:log-group:${name}:*` },
  }),
});

export const key: ResourceType = {
  create(_wanted, { region, accountId }) {
    const KeyId = randomUUID();
    return {
      physicalId: KeyId,
      attributes: { KeyId, Arn: `arn:aws:kms:${region}:${accountId}:key/${KeyId}` },
    };
  },
};

export const keyAlias = inert({
  nameProperty: 'AliasName',
  lengthMax: 256,
  made: (name) => ({ physicalId: name }),
});

export const queue = inert({
  nameProperty: 'QueueName',
  replacedBy: ['FifoQueue'],
  lengthMax: 80,
  made(QueueName, { region, accountId }) {
    const QueueUrl = `https://sqs.${region}.amazonaws.com/${accountId}/${QueueName}`;
    return {
      physicalId: QueueUrl,
      attributes: { QueueName, QueueUrl, Arn: `arn:aws:sqs:${region}:${accountId}:${QueueName}` },
    };
  },
});

export const repository = inert({
  nameProperty: 'RepositoryName',
  replacedBy: ['EncryptionConfiguration'],
  lengthMax: 256,
  lowerCase: true,
  made: (name, { region, accountId }) => ({
    physicalId: name,
    attributes: {
      Arn: `arn:aws:ecr:${region}:${accountId}:repository/${name}`,
      RepositoryUri: `${accountId}.dkr.ecr.${region}.amazonaws.com/${name}`,
    },
  }),
});

const namedParameter = inert({
  nameProperty: 'Name',
  lengthMax: 512,
  made: (name, _workshop, { properties }) => ({
    physicalId: name,
    attributes: parameterAttributes(properties),
  }),
});

export const parameter: ResourceType = {
  ...namedParameter,
  update: ({ physicalId }, { properties }) => ({
    physicalId,
    attributes: parameterAttributes(properties),
  }),
};

/** Known by a name that need not be its own, and nothing else. */
export const named: ResourceType = {
  create(wanted) {
    const invented = inventName({ ...wanted, lengthMax: 128, lowerCase: false });
    return { physicalId: String(wanted.properties['PolicyName'] ?? invented) };
  },
};

/** A type that only has a name, and attributes made of it. */
function inert(type: {
  readonly nameProperty: string;
  readonly replacedBy?: readonly string[];
  readonly lengthMax: number;
  readonly lowerCase?: boolean;
  readonly made: (name: string, workshop: Workshop, wanted: Wanted) => Made;
}): ResourceType {
  const { nameProperty, replacedBy = [], lengthMax, lowerCase = false, made } = type;
  return {
    nameProperty,
    replacedBy,
    create(wanted, workshop) {
      const name = wanted.properties[nameProperty];
      const invented = inventName({ ...wanted, lengthMax, lowerCase });
      return made(String(name ?? invented), workshop, wanted);
    },
  };
}

function parameterAttributes({ Type, Value }: JsonObject): Record<string, string> {
  return { Type: String(Type ?? 'String'), Value: String(Value ?? '') };
}
