import { describe, expect, it } from 'vitest';
import { aTable, NOW_MS, refusalOf } from './dynamodb-fixture.ts';

const key = (sk: number) => ({ pk: { S: 'a' }, sk: { N: String(sk) } });
const puts = (count: number) =>
  Array.from({ length: count }, (_, sk) => ({ PutRequest: { Item: key(sk) } }));

describe('a batch', () => {
  it('writes up to 25 items and says what it used', () => {
    const { call } = aTable();
    call('PutItem', { TableName: 'rows', Item: key(30) });
    const answer = call('BatchWriteItem', {
      RequestItems: { rows: [...puts(24), { DeleteRequest: { Key: key(30) } }] },
      ReturnConsumedCapacity: 'TOTAL',
    });
    expect(answer).toEqual({
      UnprocessedItems: {},
      ConsumedCapacity: [{ TableName: 'rows', CapacityUnits: 25 }],
    });
    expect(call('Scan', { TableName: 'rows' })['Count']).toBe(24);
    const tooMany = { RequestItems: { rows: puts(26) } };
    expect(refusalOf(() => call('BatchWriteItem', tooMany)).message).toContain('Too many items');
  });

  it('refuses one key twice, and then writes nothing', () => {
    const { call } = aTable();
    const twice = { RequestItems: { rows: [...puts(2), { DeleteRequest: { Key: key(1) } }] } };
    expect(refusalOf(() => call('BatchWriteItem', twice)).message).toContain('contains duplicates');
    expect(call('Scan', { TableName: 'rows' })['Count']).toBe(0);
    expect(refusalOf(() => call('BatchWriteItem', { RequestItems: {} })).code).toBe(
      'ValidationException',
    );
    const neither = { RequestItems: { rows: [{}] } };
    expect(refusalOf(() => call('BatchWriteItem', neither)).message).toContain('exactly one of');
  });

  it('reads the items that are there', () => {
    const { call } = aTable();
    call('BatchWriteItem', { RequestItems: { rows: puts(3) } });
    const answer = call('BatchGetItem', {
      RequestItems: {
        rows: { Keys: [key(2), key(9), key(0)], ProjectionExpression: 'sk', ConsistentRead: true },
      },
      ReturnConsumedCapacity: 'TOTAL',
    });
    expect(answer).toEqual({
      Responses: { rows: [{ sk: { N: '2' } }, { sk: { N: '0' } }] },
      UnprocessedKeys: {},
      ConsumedCapacity: [{ TableName: 'rows', CapacityUnits: 3 }],
    });
    const twice = { RequestItems: { rows: { Keys: [key(1), key(1)] } } };
    expect(refusalOf(() => call('BatchGetItem', twice)).message).toContain('contains duplicates');
  });

  it('leaves the keys beyond 16 MB unprocessed', () => {
    const { call } = aTable();
    for (let sk = 0; sk < 50; sk += 1) {
      call('PutItem', {
        TableName: 'rows',
        Item: { ...key(sk), x: { B: new Uint8Array(390 * 1024) } },
      });
    }
    const Keys = Array.from({ length: 50 }, (_, sk) => key(sk));
    const { Responses, UnprocessedKeys } = call('BatchGetItem', {
      RequestItems: { rows: { Keys } },
    });
    expect(Responses.rows).toHaveLength(42);
    expect(UnprocessedKeys.rows.Keys).toEqual(Keys.slice(42));
  });
});

describe('a transaction', () => {
  const Put = (sk: number, more: object = {}) => ({
    Put: { TableName: 'rows', Item: key(sk), ...more },
  });
  const absent = { ConditionExpression: 'attribute_not_exists(pk)' };

  it('writes everything or nothing, and gives a reason for each item', () => {
    const { call } = aTable();
    call('PutItem', { TableName: 'rows', Item: key(1) });
    const refused = refusalOf(() =>
      call('TransactWriteItems', {
        TransactItems: [
          Put(0),
          Put(1, { ...absent, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
          { Update: { TableName: 'rows', Key: key(2), UpdateExpression: 'SET n = m' } },
        ],
      }),
    );
    expect(refused).toMatchObject({
      code: 'TransactionCanceledException',
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ValidationError]',
    });
    expect(refused.fields['CancellationReasons']).toEqual([
      { Code: 'None' },
      { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: key(1) },
      {
        Code: 'ValidationError',
        Message: 'The provided expression refers to an attribute that does not exist in the item',
      },
    ]);
    expect(call('Scan', { TableName: 'rows' })['Count']).toBe(1);
  });

  it('puts, updates, deletes and checks together', () => {
    const { call } = aTable();
    call('PutItem', { TableName: 'rows', Item: key(1) });
    call('PutItem', { TableName: 'rows', Item: key(2) });
    const answer = call('TransactWriteItems', {
      TransactItems: [
        Put(0, absent),
        { Delete: { TableName: 'rows', Key: key(1) } },
        {
          ConditionCheck: {
            TableName: 'rows',
            Key: key(2),
            ConditionExpression: 'attribute_exists(pk)',
          },
        },
        {
          Update: {
            TableName: 'rows',
            Key: key(3),
            UpdateExpression: 'ADD n :one',
            ExpressionAttributeValues: { ':one': { N: '1' } },
          },
        },
      ],
      ReturnConsumedCapacity: 'TOTAL',
    });
    expect(answer).toEqual({ ConsumedCapacity: [{ TableName: 'rows', CapacityUnits: 8 }] });
    const Get = (sk: number) => ({ Get: { TableName: 'rows', Key: key(sk) } });
    expect(call('TransactGetItems', { TransactItems: [0, 1, 2, 3].map(Get) })).toEqual({
      Responses: [{ Item: key(0) }, {}, { Item: key(2) }, { Item: { ...key(3), n: { N: '1' } } }],
    });
  });

  it('takes 100 items, not 101, and no key twice', () => {
    const { call } = aTable();
    const write = (TransactItems: object[]) => call('TransactWriteItems', { TransactItems });
    const items = Array.from({ length: 101 }, (_, sk) => Put(sk));
    write(items.slice(0, 100));
    expect(refusalOf(() => write(items)).message).toContain('less than or equal to 100');
    expect(refusalOf(() => write([Put(1), Put(1)])).message).toBe(
      'Transaction request cannot include multiple operations on one item',
    );
    expect(refusalOf(() => write([{}])).message).toContain('can only contain one of');
  });

  it('is done once for a token, which is remembered for ten minutes', () => {
    const { call } = aTable();
    const add = (by: string, nowMs: number) =>
      call(
        'TransactWriteItems',
        {
          TransactItems: [
            {
              Update: {
                TableName: 'rows',
                Key: key(0),
                UpdateExpression: 'ADD n :by',
                ExpressionAttributeValues: { ':by': { N: by } },
              },
            },
          ],
          ClientRequestToken: 'token',
        },
        nowMs,
      );
    const total = () => call('GetItem', { TableName: 'rows', Key: key(0) })['Item'].n.N;
    add('1', NOW_MS);
    add('1', NOW_MS + 1_000);
    expect(total()).toBe('1');
    expect(refusalOf(() => add('2', NOW_MS + 2_000)).code).toBe(
      'IdempotentParameterMismatchException',
    );
    add('1', NOW_MS + 10 * 60_000);
    expect(total()).toBe('2');
  });
});
