import { isDeepStrictEqual } from 'node:util';
import { ServiceError } from '../../../../lib/cloud/service.ts';
import { inventName } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import {
  discard,
  find,
  listOf,
  objectOf,
  pick,
  type ResourceType,
  type Wanted,
  type Workshop,
} from './resource-type.ts';

const TABLE_MEMBERS = [
  'AttributeDefinitions',
  'KeySchema',
  'BillingMode',
  'ProvisionedThroughput',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
  'DeletionProtectionEnabled',
  'Tags',
];
/** What `UpdateTable` takes as a template writes it. */
const CHANGEABLE = ['BillingMode', 'ProvisionedThroughput', 'DeletionProtectionEnabled'];

type Call = Workshop['call'];

export const table: ResourceType = {
  nameProperty: 'TableName',
  replacedBy: [
    'AttributeDefinitions',
    'KeySchema',
    'LocalSecondaryIndexes',
    'ImportSourceSpecification',
  ],
  create(wanted, { call }) {
    const { properties } = wanted;
    const TableName = String(
      properties['TableName'] ?? inventName({ ...wanted, lengthMax: 255, lowerCase: false }),
    );
    call('dynamodb', 'CreateTable', {
      TableName,
      ...pick(properties, TABLE_MEMBERS),
      ...encryptionOf(objectOf(properties['SSESpecification'])),
    });
    return madeTable(TableName, call);
  },
  adopt({ properties }, { call }) {
    const TableName = properties['TableName'];
    if (TableName === undefined) return undefined;
    const there = find(() => call('dynamodb', 'DescribeTable', { TableName }));
    return there === undefined ? undefined : madeTable(String(TableName), call);
  },
  update(there, { properties }, { call }) {
    const TableName = there.physicalId;
    const changed = CHANGEABLE.filter(
      (name) => !isDeepStrictEqual(properties[name], there.properties[name]),
    );
    if (changed.length > 0) {
      // A protection that the template no longer mentions is off.
      const wanted = { DeletionProtectionEnabled: false, ...properties };
      call('dynamodb', 'UpdateTable', { TableName, ...pick(wanted, changed) });
    }
    return madeTable(TableName, call);
  },
  configure({ physicalId: TableName }, { properties }, { call }) {
    putTimeToLive(TableName, objectOf(properties['TimeToLiveSpecification']), call);
    const recovery = objectOf(properties['PointInTimeRecoverySpecification']);
    if (recovery['PointInTimeRecoveryEnabled'] !== undefined) {
      call('dynamodb', 'UpdateContinuousBackups', {
        TableName,
        PointInTimeRecoverySpecification: recovery,
      });
    }
  },
  remove({ physicalId }, { call }) {
    discard(() => call('dynamodb', 'DeleteTable', { TableName: physicalId }));
  },
};

/** A global table is the table of its one replica here: there is one region. */
export const globalTable: ResourceType = {
  ...table,
  create: (wanted, workshop) => table.create(ofReplica(wanted), workshop),
  adopt: (wanted, workshop) => table.adopt?.(ofReplica(wanted), workshop),
  update(there, wanted, workshop) {
    const before = { ...there, properties: ofReplica({ ...wanted, ...there }).properties };
    return table.update!(before, ofReplica(wanted), workshop);
  },
  configure: (made, wanted, settings) => table.configure!(made, ofReplica(wanted), settings),
};

function ofReplica(wanted: Wanted): Wanted {
  const [first, ...others] = listOf(wanted.properties['Replicas']);
  if (others.length > 0) {
    throw new ServiceError(
      'ValidationException',
      'The embedded cloud has one region: leave one of the Replicas in the template',
    );
  }
  const replica = objectOf(first);
  const own = pick(replica, [
    'DeletionProtectionEnabled',
    'PointInTimeRecoverySpecification',
    'Tags',
  ]);
  return { ...wanted, properties: { ...wanted.properties, ...own } };
}

function madeTable(TableName: string, call: Call) {
  const { TableArn } = call('dynamodb', 'DescribeTable', { TableName })['Table'] as {
    readonly TableArn: string;
  };
  return { physicalId: TableName, attributes: { Arn: TableArn } };
}

function putTimeToLive(TableName: string, wanted: JsonObject, call: Call): void {
  const { TimeToLiveDescription: current } = call('dynamodb', 'DescribeTimeToLive', {
    TableName,
  }) as {
    readonly TimeToLiveDescription?: {
      readonly TimeToLiveStatus?: string;
      readonly AttributeName?: string;
    };
  };
  const isOn = current?.TimeToLiveStatus === 'ENABLED';
  const shouldBeOn = wanted['Enabled'] === true;
  if (isOn === shouldBeOn && current?.AttributeName === wanted['AttributeName']) return;
  if (isOn) {
    const off = { AttributeName: current.AttributeName, Enabled: false };
    call('dynamodb', 'UpdateTimeToLive', { TableName, TimeToLiveSpecification: off });
  }
  if (shouldBeOn)
    call('dynamodb', 'UpdateTimeToLive', { TableName, TimeToLiveSpecification: wanted });
}

/** The template and the call have two names for the same switch. */
function encryptionOf(specification: JsonObject): object {
  const { SSEEnabled, ...rest } = specification;
  return SSEEnabled === undefined ? {} : { SSESpecification: { Enabled: SSEEnabled, ...rest } };
}
