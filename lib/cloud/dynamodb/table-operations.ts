// Operations on tables: create, describe, change, delete, time to live, backups, tags.

import { ServiceError } from '../service.ts';
import { validationError } from './refusals.ts';
import type { Table } from './table.ts';
import {
  describeTable,
  parseDefinition,
  type TableRequest,
  updatedDefinition,
} from './table-description.ts';
import type { Tables } from './tables.ts';

interface TimeToLiveRequest {
  readonly TableName?: string;
  readonly TimeToLiveSpecification?: {
    readonly AttributeName?: string;
    readonly Enabled?: boolean;
  };
}

interface BackupsRequest {
  readonly TableName?: string;
  readonly PointInTimeRecoverySpecification?: {
    readonly PointInTimeRecoveryEnabled?: boolean;
    readonly RecoveryPeriodInDays?: number;
  };
}

interface TagsRequest {
  readonly ResourceArn?: string;
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
  readonly TagKeys?: readonly string[];
}

const TABLES_PER_PAGE_MAX = 100;
const RECOVERY_DAYS = 35;

const named = (name: string) => `: Table: ${name} not found`;

export function createTable(tables: Tables, input: TableRequest, nowMs: number): object {
  const number = tables.created + 1;
  const definition = parseDefinition(input, originOf(tables, nowMs, number));
  if (tables.has(definition.name)) {
    throw new ServiceError('ResourceInUseException', `Table already exists: ${definition.name}`);
  }
  tables.created = number;
  const table = tables.add(definition);
  return { TableDescription: describeTable(table, tables.arnOf(table), 'CREATING') };
}

export function describe(tables: Tables, { TableName }: TableRequest): object {
  const table = tables.get(TableName, named);
  return { Table: describeTable(table, tables.arnOf(table), 'ACTIVE') };
}

export function updateTable(tables: Tables, input: TableRequest, nowMs: number): object {
  const table = tables.get(input.TableName, named);
  const origin = originOf(tables, nowMs, tables.created);
  table.definition = updatedDefinition(table.definition, input, origin);
  return { TableDescription: describeTable(table, tables.arnOf(table), 'UPDATING') };
}

export function deleteTable(tables: Tables, { TableName }: TableRequest): object {
  const table = tables.get(TableName, named);
  if (table.definition.deletionProtection) {
    throw validationError(
      'Resource cannot be deleted as it is currently protected against deletion. ' +
        'Disable deletion protection first.',
    );
  }
  tables.remove(table);
  return { TableDescription: describeTable(table, tables.arnOf(table), 'DELETING') };
}

export function listTables(
  tables: Tables,
  input: { readonly ExclusiveStartTableName?: string; readonly Limit?: number },
): object {
  const { ExclusiveStartTableName: after, Limit: limit = TABLES_PER_PAGE_MAX } = input;
  if (limit < 1 || limit > TABLES_PER_PAGE_MAX) {
    throw validationError(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: ` +
        `Member must have value between 1 and ${TABLES_PER_PAGE_MAX}`,
    );
  }
  const names = tables.names.filter((name) => after === undefined || name > after);
  const page = names.slice(0, limit);
  return {
    TableNames: page,
    ...(names.length > limit ? { LastEvaluatedTableName: page.at(-1) } : {}),
  };
}

export function updateTimeToLive(tables: Tables, input: TimeToLiveRequest): object {
  const table = tables.get(input.TableName, named);
  const { AttributeName: name, Enabled: enabled } = input.TimeToLiveSpecification ?? {};
  if (name === undefined || name === '' || enabled === undefined) {
    throw validationError('TimeToLiveSpecification needs AttributeName and Enabled');
  }
  const current = table.definition.timeToLiveAttribute;
  if (enabled && current !== undefined) {
    throw validationError('TimeToLive is already enabled');
  }
  if (!enabled && current === undefined) throw validationError('TimeToLive is already disabled');
  if (!enabled && current !== name) {
    throw validationError(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${current}`,
    );
  }
  table.definition = { ...table.definition, timeToLiveAttribute: enabled ? name : undefined };
  return { TimeToLiveSpecification: { AttributeName: name, Enabled: enabled } };
}

export function describeTimeToLive(tables: Tables, { TableName }: TimeToLiveRequest): object {
  const { timeToLiveAttribute } = tables.get(TableName, named).definition;
  return {
    TimeToLiveDescription:
      timeToLiveAttribute === undefined
        ? { TimeToLiveStatus: 'DISABLED' }
        : { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLiveAttribute },
  };
}

export function updateContinuousBackups(
  tables: Tables,
  input: BackupsRequest,
  nowMs: number,
): object {
  const table = tableForBackups(tables, input);
  const { PointInTimeRecoveryEnabled: enabled, RecoveryPeriodInDays: days = RECOVERY_DAYS } =
    input.PointInTimeRecoverySpecification ?? {};
  const sinceMs = table.definition.pointInTimeRecovery?.sinceMs ?? nowMs;
  table.definition = {
    ...table.definition,
    pointInTimeRecovery: enabled === true ? { sinceMs, days } : undefined,
  };
  return describeContinuousBackups(tables, input, nowMs);
}

export function describeContinuousBackups(
  tables: Tables,
  input: BackupsRequest,
  nowMs: number,
): object {
  const { pointInTimeRecovery: recovery } = tableForBackups(tables, input).definition;
  return {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription:
        recovery === undefined
          ? { PointInTimeRecoveryStatus: 'DISABLED' }
          : {
              PointInTimeRecoveryStatus: 'ENABLED',
              RecoveryPeriodInDays: recovery.days,
              EarliestRestorableDateTime: recovery.sinceMs,
              LatestRestorableDateTime: nowMs,
            },
    },
  };
}

export function tagResource(tables: Tables, { ResourceArn, Tags = [] }: TagsRequest): object {
  const table = tables.get(ResourceArn);
  const tags = new Map(table.definition.tags);
  for (const { Key = '', Value = '' } of Tags) tags.set(Key, Value);
  table.definition = { ...table.definition, tags };
  return {};
}

export function untagResource(tables: Tables, { ResourceArn, TagKeys = [] }: TagsRequest): object {
  const table = tables.get(ResourceArn);
  const tags = new Map([...table.definition.tags].filter(([key]) => !TagKeys.includes(key)));
  table.definition = { ...table.definition, tags };
  return {};
}

export function listTagsOfResource(tables: Tables, { ResourceArn }: TagsRequest): object {
  const { tags } = tables.get(ResourceArn).definition;
  return { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) };
}

function tableForBackups(tables: Tables, { TableName }: BackupsRequest): Table {
  if (TableName !== undefined && tables.has(TableName)) return tables.get(TableName);
  throw new ServiceError('TableNotFoundException', `Table not found: ${TableName}`);
}

function originOf({ place }: Tables, nowMs: number, number: number) {
  return {
    nowMs,
    id: `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`,
    defaultKeyArn: `arn:aws:kms:${place.region}:${place.accountId}:alias/aws/dynamodb`,
  };
}
