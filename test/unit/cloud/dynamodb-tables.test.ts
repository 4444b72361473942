import { describe, expect, it } from 'vitest';
import { createDynamoDb } from '../../../lib/cloud/dynamodb/dynamodb.ts';
import { aTable, callsOf, NOW_MS, refusalOf } from './dynamodb-fixture.ts';

const definition = (TableName: string) => ({
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
});

describe('a table', () => {
  it('is described as it was created', () => {
    const call = callsOf(createDynamoDb({ region: 'eu-west-1', accountId: '111122223333' }));
    const input = {
      ...definition('log'),
      DeletionProtectionEnabled: true,
      SSESpecification: { Enabled: true },
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
      Tags: [{ Key: 'team', Value: 'flights' }],
    };
    expect(call('CreateTable', input)['TableDescription'].TableStatus).toBe('CREATING');
    const { Table } = call('DescribeTable', { TableName: 'log' });
    expect(Table).toMatchObject({
      TableName: 'log',
      TableArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/log',
      TableStatus: 'ACTIVE',
      CreationDateTime: NOW_MS,
      KeySchema: input.KeySchema,
      AttributeDefinitions: input.AttributeDefinitions,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      DeletionProtectionEnabled: true,
      SSEDescription: { Status: 'ENABLED', SSEType: 'KMS' },
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
      ItemCount: 0,
    });
    const tags = { ResourceArn: Table.TableArn };
    call('TagResource', { ...tags, Tags: [{ Key: 'more', Value: '1' }] });
    call('UntagResource', { ...tags, TagKeys: ['team'] });
    expect(call('ListTagsOfResource', tags)).toEqual({ Tags: [{ Key: 'more', Value: '1' }] });
  });

  it('cannot be created twice, nor be deleted while it is protected', () => {
    const call = callsOf(createDynamoDb({}));
    call('CreateTable', { ...definition('log'), DeletionProtectionEnabled: true });
    expect(refusalOf(() => call('CreateTable', definition('log')))).toMatchObject({
      code: 'ResourceInUseException',
      message: 'Table already exists: log',
    });
    const table = { TableName: 'log' };
    expect(refusalOf(() => call('DeleteTable', table)).message).toContain(
      'protected against deletion',
    );
    call('UpdateTable', { ...table, DeletionProtectionEnabled: false });
    expect(call('DeleteTable', table)['TableDescription'].TableStatus).toBe('DELETING');
    expect(refusalOf(() => call('DescribeTable', table))).toMatchObject({
      code: 'ResourceNotFoundException',
      message: 'Requested resource not found: Table: log not found',
    });
  });

  it('may be paid for by provisioned units', () => {
    const call = callsOf(createDynamoDb({}));
    const units = { ReadCapacityUnits: 5, WriteCapacityUnits: 6 };
    call('CreateTable', {
      ...definition('log'),
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: units,
    });
    const described = () => call('DescribeTable', { TableName: 'log' })['Table'];
    expect(described().ProvisionedThroughput).toMatchObject(units);
    call('UpdateTable', { TableName: 'log', BillingMode: 'PAY_PER_REQUEST' });
    expect(described().BillingModeSummary.BillingMode).toBe('PAY_PER_REQUEST');
  });

  it.each([
    [{ TableName: 'ab' }, 'at least 3 characters'],
    [{ KeySchema: [] }, 'not a HASH key type'],
    [{ KeySchema: [{ AttributeName: 'pk', KeyType: 'RANGE' }] }, 'not a HASH key type'],
    [
      { KeySchema: [{ AttributeName: 'x', KeyType: 'HASH' }] },
      'not defined in AttributeDefinitions',
    ],
    [
      {
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'x', AttributeType: 'S' },
        ],
      },
      'does not exactly match',
    ],
    [{ BillingMode: 'PROVISIONED' }, 'must both be specified'],
    [
      { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      'Neither ReadCapacityUnits',
    ],
    [{ GlobalSecondaryIndexes: [{}] }, 'GlobalSecondaryIndexes is not modelled'],
    [{ StreamSpecification: { StreamEnabled: true } }, 'StreamSpecification is not modelled'],
  ])('is refused with %j', (wrong, message) => {
    const call = callsOf(createDynamoDb({}));
    const refused = refusalOf(() => call('CreateTable', { ...definition('log'), ...wrong }));
    expect(refused.code).toBe('ValidationException');
    expect(refused.message).toContain(message);
  });

  it('is listed with the others by name, page by page', () => {
    const call = callsOf(createDynamoDb({}));
    for (const name of ['ccc', 'aaa', 'bbb']) call('CreateTable', definition(name));
    expect(call('ListTables', { Limit: 2 })).toEqual({
      TableNames: ['aaa', 'bbb'],
      LastEvaluatedTableName: 'bbb',
    });
    expect(call('ListTables', { ExclusiveStartTableName: 'bbb' })).toEqual({ TableNames: ['ccc'] });
  });
});

describe('what a table can be given later', () => {
  it('is a time to live', () => {
    const { call } = aTable();
    const table = { TableName: 'rows' };
    const set = (AttributeName: string, Enabled: boolean) =>
      call('UpdateTimeToLive', { ...table, TimeToLiveSpecification: { AttributeName, Enabled } });
    expect(call('DescribeTimeToLive', table)['TimeToLiveDescription']).toEqual({
      TimeToLiveStatus: 'DISABLED',
    });
    set('expires', true);
    expect(call('DescribeTimeToLive', table)['TimeToLiveDescription']).toEqual({
      TimeToLiveStatus: 'ENABLED',
      AttributeName: 'expires',
    });
    expect(refusalOf(() => set('expires', true)).message).toBe('TimeToLive is already enabled');
    expect(refusalOf(() => set('other', false)).message).toContain('different AttributeName');
    set('expires', false);
    expect(refusalOf(() => set('expires', false)).message).toBe('TimeToLive is already disabled');
  });

  it('is recovery to a point in time', () => {
    const { call } = aTable();
    const table = { TableName: 'rows' };
    const status = () =>
      call('DescribeContinuousBackups', table)['ContinuousBackupsDescription']
        .PointInTimeRecoveryDescription.PointInTimeRecoveryStatus;
    expect(status()).toBe('DISABLED');
    call('UpdateContinuousBackups', {
      ...table,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    expect(status()).toBe('ENABLED');
    expect(refusalOf(() => call('DescribeContinuousBackups', { TableName: 'none' })).code).toBe(
      'TableNotFoundException',
    );
  });
});

describe('the state of the model', () => {
  it('can be taken out, cloned, and put back into another', () => {
    const { call, dynamoDb } = aTable();
    const Item = {
      pk: { S: 'é' },
      sk: { N: '1' },
      b: { B: new Uint8Array([1]) },
      at: { N: '2000000000' },
    };
    call('PutItem', { TableName: 'rows', Item });
    call('UpdateTimeToLive', {
      TableName: 'rows',
      TimeToLiveSpecification: { AttributeName: 'at', Enabled: true },
    });
    const state = dynamoDb.dump();
    const copy = createDynamoDb({});
    copy.load(structuredClone(state));
    call('DeleteItem', { TableName: 'rows', Key: { pk: Item.pk, sk: Item.sk } });
    const read = callsOf(copy);
    expect(read('Scan', { TableName: 'rows' })['Items']).toEqual([Item]);
    expect(
      read('DescribeTimeToLive', { TableName: 'rows' })['TimeToLiveDescription'].TimeToLiveStatus,
    ).toBe('ENABLED');
    expect(copy.dump()).toEqual(state);
  });
});
