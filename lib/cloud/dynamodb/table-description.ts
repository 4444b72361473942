// A table's definition from a request, and back into an answer.

import type { KeyAttribute, KeySchema } from './item-key.ts';
import { parameterError, validationError } from './refusals.ts';
import { requireOneOf } from './requests.ts';
import type { Table, TableDefinition } from './table.ts';

/** The members of CreateTable and UpdateTable that the model knows. */
export interface TableRequest {
  readonly TableName?: string;
  readonly AttributeDefinitions?: readonly {
    readonly AttributeName?: string;
    readonly AttributeType?: string;
  }[];
  readonly KeySchema?: readonly { readonly AttributeName?: string; readonly KeyType?: string }[];
  readonly BillingMode?: string;
  readonly ProvisionedThroughput?: {
    readonly ReadCapacityUnits?: number;
    readonly WriteCapacityUnits?: number;
  };
  readonly DeletionProtectionEnabled?: boolean;
  readonly TableClass?: string;
  readonly SSESpecification?: { readonly Enabled?: boolean; readonly KMSMasterKeyId?: string };
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
}

/** Where a new table stands, and when. */
export interface Origin {
  readonly nowMs: number;
  readonly id: string;
  readonly defaultKeyArn: string;
}

const NOT_MODELLED = [
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
  'GlobalSecondaryIndexUpdates',
  'ReplicaUpdates',
] as const;
const NAME = /^[A-Za-z0-9_.-]{3,255}$/;

/** The definition that CreateTable asks for. */
export function parseDefinition(request: TableRequest, origin: Origin): TableDefinition {
  refuseNotModelled(request);
  const name = request.TableName ?? '';
  if (!NAME.test(name)) {
    throw validationError(
      'TableName must be at least 3 characters long and at most 255 characters long, and consist ' +
        'of a-z, A-Z, 0-9, underscore, hyphen and dot',
    );
  }
  return {
    name,
    id: origin.id,
    createdAtMs: origin.nowMs,
    keySchema: parseKeySchema(request),
    ...parseThroughput(request),
    deletionProtection: request.DeletionProtectionEnabled ?? false,
    tableClass: request.TableClass ?? 'STANDARD',
    encryption: parseEncryption(request, origin.defaultKeyArn),
    timeToLiveAttribute: undefined,
    pointInTimeRecovery: undefined,
    tags: new Map((request.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
  };
}

/** The definition after UpdateTable: what the request names is changed. */
export function updatedDefinition(
  current: TableDefinition,
  request: TableRequest,
  origin: Origin,
): TableDefinition {
  refuseNotModelled(request);
  const rethrottled =
    request.BillingMode !== undefined || request.ProvisionedThroughput !== undefined;
  return {
    ...current,
    ...(rethrottled ? parseThroughput({ BillingMode: current.billingMode, ...request }) : {}),
    deletionProtection: request.DeletionProtectionEnabled ?? current.deletionProtection,
    tableClass: request.TableClass ?? current.tableClass,
    encryption:
      request.SSESpecification === undefined
        ? current.encryption
        : parseEncryption(request, origin.defaultKeyArn),
  };
}

/** The `TableDescription` of answers. */
export function describeTable(table: Table, arn: string, status: string): object {
  const { definition } = table;
  const { partition, sort } = definition.keySchema;
  const attributes = sort === undefined ? [partition] : [partition, sort];
  return {
    TableName: definition.name,
    TableArn: arn,
    TableId: definition.id,
    TableStatus: status,
    CreationDateTime: definition.createdAtMs,
    AttributeDefinitions: attributes.map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    KeySchema: attributes.map((attribute) => ({
      AttributeName: attribute.name,
      KeyType: attribute === partition ? 'HASH' : 'RANGE',
    })),
    ItemCount: table.itemCount,
    TableSizeBytes: table.itemBytes,
    ProvisionedThroughput: {
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: definition.readUnits,
      WriteCapacityUnits: definition.writeUnits,
    },
    DeletionProtectionEnabled: definition.deletionProtection,
    ...(definition.billingMode === 'PROVISIONED'
      ? {}
      : { BillingModeSummary: { BillingMode: definition.billingMode } }),
    ...(definition.tableClass === 'STANDARD'
      ? {}
      : { TableClassSummary: { TableClass: definition.tableClass } }),
    ...(definition.encryption === undefined
      ? {}
      : {
          SSEDescription: {
            Status: 'ENABLED',
            SSEType: 'KMS',
            KMSMasterKeyArn: definition.encryption.keyArn,
          },
        }),
  };
}

function parseKeySchema({
  KeySchema: schema = [],
  AttributeDefinitions = [],
}: TableRequest): KeySchema {
  const attributes = schema.map(({ AttributeName: name = '' }): KeyAttribute => {
    const type = AttributeDefinitions.find(({ AttributeName }) => AttributeName === name);
    if (type === undefined) {
      throw parameterError(
        'Some index key attributes are not defined in AttributeDefinitions. ' +
          `Keys: [${schema.map(({ AttributeName }) => AttributeName).join(', ')}], ` +
          `AttributeDefinitions: [${AttributeDefinitions.map(({ AttributeName }) => AttributeName).join(', ')}]`,
      );
    }
    requireOneOf('attributeType', type.AttributeType ?? '', ['B', 'N', 'S']);
    return { name, type: type.AttributeType as KeyAttribute['type'] };
  });
  const [partition, sort, more] = attributes;
  if (partition === undefined || schema[0]?.KeyType !== 'HASH') {
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (more !== undefined || (sort !== undefined && schema[1]?.KeyType !== 'RANGE')) {
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  if (sort?.name === partition.name) {
    throw validationError(
      'Both the Hash Key and the Range Key element in the KeySchema have the same name',
    );
  }
  if (AttributeDefinitions.length !== attributes.length) {
    throw parameterError(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    );
  }
  return { partition, sort };
}

function parseThroughput({
  BillingMode = 'PROVISIONED',
  ProvisionedThroughput: throughput,
}: TableRequest): Pick<TableDefinition, 'billingMode' | 'readUnits' | 'writeUnits'> {
  requireOneOf('billingMode', BillingMode, ['PROVISIONED', 'PAY_PER_REQUEST']);
  if (BillingMode === 'PAY_PER_REQUEST') {
    if (throughput === undefined) {
      return { billingMode: 'PAY_PER_REQUEST', readUnits: 0, writeUnits: 0 };
    }
    throw parameterError(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
  const { ReadCapacityUnits: readUnits = 0, WriteCapacityUnits: writeUnits = 0 } = throughput ?? {};
  if (readUnits < 1 || writeUnits < 1) {
    throw parameterError(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  }
  return { billingMode: 'PROVISIONED', readUnits, writeUnits };
}

function parseEncryption(
  { SSESpecification: specification }: TableRequest,
  defaultKeyArn: string,
): TableDefinition['encryption'] {
  if (specification?.Enabled !== true) return undefined;
  return { keyArn: specification.KMSMasterKeyId ?? defaultKeyArn };
}

function refuseNotModelled(request: object): void {
  const members = request as Record<string, unknown>;
  for (const member of NOT_MODELLED) {
    const value = members[member];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw validationError(`${member} is not modelled; tables have their primary key only`);
  }
  const stream = members['StreamSpecification'] as { StreamEnabled?: boolean } | undefined;
  if (stream?.StreamEnabled === true) {
    throw validationError('StreamSpecification is not modelled; tables have no change stream');
  }
}
