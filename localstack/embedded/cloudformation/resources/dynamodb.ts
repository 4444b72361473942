import { physicalNameOf } from '../physical-name.ts';
import type { JsonObject } from '../template.ts';
import { find, listOf, objectOf, pick, type ResourceType } from './resource-type.ts';

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

export const table: ResourceType = {
  put({ logicalId, stackName, properties }, { call }) {
    const TableName = String(
      properties['TableName'] ??
        physicalNameOf({ stackName, logicalId, lengthMax: 255, lowerCase: false }),
    );
    const ask = () => call('dynamodb', 'DescribeTable', { TableName });
    if (find(ask) === undefined) {
      call('dynamodb', 'CreateTable', {
        TableName,
        ...pick(properties, TABLE_MEMBERS),
        ...encryptionOf(objectOf(properties['SSESpecification'])),
      });
    }
    const description = ask()['Table'] as {
      readonly TableArn: string;
      readonly DeletionProtectionEnabled?: boolean;
    };
    const isProtected = properties['DeletionProtectionEnabled'] === true;
    if ((description.DeletionProtectionEnabled ?? false) !== isProtected) {
      call('dynamodb', 'UpdateTable', { TableName, DeletionProtectionEnabled: isProtected });
    }
    putTimeToLive(TableName, objectOf(properties['TimeToLiveSpecification']), call);
    const recovery = objectOf(properties['PointInTimeRecoverySpecification']);
    if (recovery['PointInTimeRecoveryEnabled'] !== undefined) {
      call('dynamodb', 'UpdateContinuousBackups', {
        TableName,
        PointInTimeRecoverySpecification: recovery,
      });
    }
    return { physicalId: TableName, attributes: { Arn: description.TableArn } };
  },
  remove({ physicalId }, { call }) {
    call('dynamodb', 'DeleteTable', { TableName: physicalId });
  },
};

/** A global table is the table of its one replica here: there is one region. */
export const globalTable: ResourceType = {
  ...table,
  put(wanted, workshop) {
    const replica = objectOf(listOf(wanted.properties['Replicas'])[0]);
    const own = pick(replica, [
      'DeletionProtectionEnabled',
      'PointInTimeRecoverySpecification',
      'Tags',
    ]);
    return table.put({ ...wanted, properties: { ...wanted.properties, ...own } }, workshop);
  },
};

type Call = Parameters<ResourceType['put']>[1]['call'];

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
