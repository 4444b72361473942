// Resources that nothing here acts on: permissions are not checked, keys encrypt nothing, queues take
// no messages. They have the names and attributes that the rest of a template asks for.

import { physicalNameOf, uuidOf } from '../physical-name.ts';
import type { ResourceType, Wanted } from './resource-type.ts';

const name = (wanted: Wanted, property: string, lengthMax: number) =>
  String(wanted.properties[property] ?? physicalNameOf({ ...wanted, lengthMax, lowerCase: false }));

export const role: ResourceType = {
  put(wanted, { accountId }) {
    const roleName = name(wanted, 'RoleName', 64);
    return {
      physicalId: roleName,
      attributes: {
        Arn: `arn:aws:iam::${accountId}:role/${roleName}`,
        RoleId: `AROA${roleName.slice(-12)}`,
      },
    };
  },
};

export const managedPolicy: ResourceType = {
  put(wanted, { accountId }) {
    const arn = `arn:aws:iam::${accountId}:policy/${name(wanted, 'ManagedPolicyName', 128)}`;
    return { physicalId: arn, attributes: { PolicyArn: arn } };
  },
};

export const logGroup: ResourceType = {
  put(wanted, { region, accountId }) {
    const logGroupName = name(wanted, 'LogGroupName', 512);
    const Arn = `arn:aws:logs:${region}:${accountId}:log-group:${logGroupName}:*`;
    return { physicalId: logGroupName, attributes: { Arn } };
  },
};

export const key: ResourceType = {
  put({ stackName, logicalId }, { region, accountId }) {
    const KeyId = uuidOf(`${stackName}/${logicalId}`);
    return {
      physicalId: KeyId,
      attributes: { KeyId, Arn: `arn:aws:kms:${region}:${accountId}:key/${KeyId}` },
    };
  },
};

export const keyAlias: ResourceType = {
  put: ({ properties }) => ({ physicalId: String(properties['AliasName']) }),
};

export const queue: ResourceType = {
  put(wanted, { region, accountId }) {
    const QueueName = name(wanted, 'QueueName', 80);
    const QueueUrl = `https://sqs.${region}.amazonaws.com/${accountId}/${QueueName}`;
    return {
      physicalId: QueueUrl,
      attributes: { QueueName, QueueUrl, Arn: `arn:aws:sqs:${region}:${accountId}:${QueueName}` },
    };
  },
};

/** Named like a resource without a name, and nothing else. */
export const named: ResourceType = {
  put: (wanted) => ({ physicalId: name(wanted, 'PolicyName', 128) }),
};
