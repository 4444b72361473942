import { describe, expect, it } from 'vitest';
import { aTable, refusalOf } from './dynamodb-fixture.ts';

const Key = { pk: { S: 'k' }, sk: { N: '1' } };

describe('an item', () => {
  it('comes back as it was put, in every type', () => {
    const { call } = aTable();
    const Item = {
      ...Key,
      s: { S: '' },
      n: { N: '-0.5' },
      b: { B: new Uint8Array([0, 255]) },
      ss: { SS: ['x', ''] },
      ns: { NS: ['1', '2'] },
      bs: { BS: [new Uint8Array([1])] },
      m: { M: { l: { L: [{ NULL: true }, { BOOL: false }, { M: {} }] } } },
    };
    expect(call('PutItem', { TableName: 'rows', Item })).toEqual({});
    expect(call('GetItem', { TableName: 'rows', Key, ConsistentRead: true })).toEqual({ Item });
  });

  it('has its numbers made canonical, and a key of an equal number is the same key', () => {
    const { call } = aTable();
    call('PutItem', {
      TableName: 'rows',
      Item: { pk: { S: 'k' }, sk: { N: '1.0' }, n: { N: '2.50e1' } },
    });
    const { Item } = call('GetItem', {
      TableName: 'rows',
      Key: { pk: { S: 'k' }, sk: { N: '10e-1' } },
    });
    expect(Item).toEqual({ ...Key, n: { N: '25' } });
  });

  it('shares no bytes with requests or answers', () => {
    const { call } = aTable();
    const given = Buffer.from([1, 2, 3]);
    call('PutItem', { TableName: 'rows', Item: { ...Key, b: { B: given } } });
    given.fill(9);
    const first = call('GetItem', { TableName: 'rows', Key })['Item'];
    first.b.B.fill(7);
    first.sk.N = '5';
    expect(call('GetItem', { TableName: 'rows', Key })['Item']).toEqual({
      ...Key,
      b: { B: new Uint8Array([1, 2, 3]) },
    });
  });

  it('may have attributes named as members of every object', () => {
    const { call } = aTable();
    const Item = JSON.parse(
      '{"pk":{"S":"k"},"sk":{"N":"1"},"__proto__":{"S":"p"},"constructor":{"M":{"__proto__":{"N":"1"}}}}',
    );
    call('PutItem', { TableName: 'rows', Item });
    const stored = call('GetItem', { TableName: 'rows', Key })['Item'];
    expect(JSON.stringify(stored)).toBe(JSON.stringify(Item));
    expect(Object.getPrototypeOf(stored)).toBe(Object.prototype);
  });

  it.each([
    [{ x: {} }, 'Supplied AttributeValue is empty'],
    [{ x: { S: 'a', N: '1' } }, 'more than one datatypes set'],
    [{ x: { Q: 'a' } }, 'Supplied AttributeValue is empty'],
    [{ x: { NULL: false } }, 'Null attribute value types must have the value of true'],
    [{ x: { SS: [] } }, 'may not be empty'],
    [{ x: { SS: ['a', 'a'] } }, 'contains duplicates'],
    [{ x: { NS: ['1', '1.0'] } }, 'contains duplicates'],
    [{ x: { BS: [new Uint8Array([1]), new Uint8Array([1])] } }, 'contains duplicates'],
    [{ x: { N: 'one' } }, 'cannot be converted to a numeric value: one'],
    [{ x: nested(33) }, 'Nesting Levels have exceeded supported limits'],
  ])('with %j is refused', (attributes, message) => {
    const { call } = aTable();
    const refused = refusalOf(() =>
      call('PutItem', { TableName: 'rows', Item: { ...Key, ...attributes } }),
    );
    expect(refused).toMatchObject({ code: 'ValidationException', statusCode: 400 });
    expect(refused.message).toContain(message);
  });

  it('may be nested 32 deep', () => {
    const { call } = aTable();
    call('PutItem', { TableName: 'rows', Item: { ...Key, x: nested(32) } });
  });
});

describe('a key', () => {
  it.each([
    [
      { sk: { N: '1' } },
      'One or more parameter values were invalid: Missing the key pk in the item',
    ],
    [{ pk: { N: '1' }, sk: { N: '1' } }, 'Type mismatch for key pk expected: S actual: N'],
    [{ pk: { S: '' }, sk: { N: '1' } }, 'cannot contain an empty string value. Key: pk'],
    [
      { pk: { S: 'x'.repeat(2049) }, sk: { N: '1' } },
      'Size of hashkey has exceeded the maximum size limit of2048 bytes',
    ],
  ])('is checked when an item is put: %j', (Item, message) => {
    const { call } = aTable();
    expect(refusalOf(() => call('PutItem', { TableName: 'rows', Item })).message).toContain(
      message,
    );
  });

  it.each([
    [{ pk: { S: 'k' } }],
    [{ ...Key, more: { S: 'x' } }],
    [{ pk: { N: '1' }, sk: { N: '1' } }],
  ])("must be the table's key: %j", (wrong) => {
    const { call } = aTable();
    const refused = refusalOf(() => call('GetItem', { TableName: 'rows', Key: wrong }));
    expect(refused.message).toBe('The provided key element does not match the schema');
  });

  it('holds 2,048 and 1,024 bytes of UTF-8, and not one more', () => {
    const { call } = aTable({ sk: 'S' });
    const put = (pk: string, sk: string) =>
      call('PutItem', { TableName: 'rows', Item: { pk: { S: pk }, sk: { S: sk } } });
    put('é'.repeat(1024), 'é'.repeat(512));
    expect(refusalOf(() => put(`${'é'.repeat(1024)}x`, 'a')).message).toContain('of2048 bytes');
    expect(refusalOf(() => put('a', `${'é'.repeat(512)}x`)).message).toContain('1024 bytes');
    expect(refusalOf(() => put('a', '')).message).toContain('empty string value. Key: sk');
  });

  it('may be binary, but not empty', () => {
    const { call } = aTable({ pk: 'B', sk: null });
    const Item = { pk: { B: new Uint8Array([0, 255]) } };
    call('PutItem', { TableName: 'rows', Item });
    expect(call('GetItem', { TableName: 'rows', Key: Item })['Item']).toEqual(Item);
    const empty = { TableName: 'rows', Item: { pk: { B: new Uint8Array() } } };
    expect(refusalOf(() => call('PutItem', empty)).message).toContain(
      'empty binary value. Key: pk',
    );
  });

  it('is told apart from every other, whatever it holds', () => {
    const { call } = aTable({ sk: 'S' });
    const keys = [
      ['a', '\u0000b'],
      ['a\u0000', 'b'],
      ['a\u0000b', 'b'],
      ['e\u0301', 'b'],
      ['\u00e9', 'b'],
    ];
    for (const [pk, sk] of keys) {
      call('PutItem', { TableName: 'rows', Item: { pk: { S: pk }, sk: { S: sk } } });
    }
    expect(call('Scan', { TableName: 'rows' })['Count']).toBe(keys.length);
  });
});

describe('the size of an item', () => {
  // pk + k + sk + 1: two names of 2 bytes, a text of 1, a number of 2; then the name x.
  const restBytes = 2 + 1 + 2 + 2 + 1;

  it('may be 400 KB with names and key, and not one byte more', () => {
    const { call } = aTable();
    const put = (length: number) =>
      call('PutItem', { TableName: 'rows', Item: { ...Key, x: { S: 'x'.repeat(length) } } });
    put(400 * 1024 - restBytes);
    expect(refusalOf(() => put(400 * 1024 - restBytes + 1)).message).toBe(
      'Item size has exceeded the maximum allowed size',
    );
  });

  it('is limited for updates too, and the item stays', () => {
    const { call } = aTable();
    const update = (length: number) =>
      call('UpdateItem', {
        TableName: 'rows',
        Key,
        UpdateExpression: 'SET x = :x',
        ExpressionAttributeValues: { ':x': { B: new Uint8Array(length) } },
      });
    update(400 * 1024 - restBytes);
    expect(refusalOf(() => update(400 * 1024 - restBytes + 1)).message).toBe(
      'Item size to update has exceeded the maximum allowed size',
    );
  });

  it.each([
    [{ x: { N: '123' } }, 1 + 3],
    [{ x: { N: '100' } }, 1 + 2],
    [{ x: { BOOL: true } }, 1 + 1],
    [{ x: { NULL: true } }, 1 + 1],
    [{ x: { S: 'é' } }, 1 + 2],
    [{ x: { SS: ['a', 'bc'] } }, 1 + 3],
    [{ x: { L: [] } }, 1 + 3],
    [{ x: { L: [{ S: 'ab' }, { S: '' }] } }, 1 + 3 + 1 + 2 + 1],
    [{ x: { M: { ab: { S: 'c' } } } }, 1 + 3 + 1 + 3],
  ])('counts %j as documented', (attributes, bytes) => {
    const { call } = aTable();
    call('PutItem', { TableName: 'rows', Item: { ...Key, ...attributes } });
    const { Table } = call('DescribeTable', { TableName: 'rows' });
    expect(Table.TableSizeBytes).toBe(restBytes - 1 + bytes);
  });

  it('is what writes and reads are charged for', () => {
    const { call } = aTable();
    const ReturnConsumedCapacity = 'TOTAL';
    const put = (length: number) =>
      call('PutItem', {
        TableName: 'rows',
        Item: { ...Key, x: { S: 'x'.repeat(length) } },
        ReturnConsumedCapacity,
      })['ConsumedCapacity'];
    expect(put(2_500)).toEqual({ TableName: 'rows', CapacityUnits: 3 });
    expect(put(10).CapacityUnits).toBe(3);
    expect(put(5_000).CapacityUnits).toBe(5);
    const read = (ConsistentRead: boolean) =>
      call('GetItem', { TableName: 'rows', Key, ConsistentRead, ReturnConsumedCapacity })[
        'ConsumedCapacity'
      ];
    expect([read(true).CapacityUnits, read(false).CapacityUnits]).toEqual([2, 1]);
  });
});

describe('a conditional write', () => {
  const ring = (N: string, expected: string) => ({
    TableName: 'rows',
    Item: { ...Key, n: { N } },
    ConditionExpression: 'attribute_not_exists(pk) OR n = :x',
    ExpressionAttributeValues: { ':x': { N: expected } },
  });

  it('lets one of twenty through', () => {
    const { call } = aTable();
    const race = (N: string, expected: string) =>
      Array.from({ length: 20 }, (_, index) => {
        try {
          call('PutItem', {
            ...ring(N, expected),
            Item: { ...Key, n: { N }, by: { N: String(index) } },
          });
          return 'won';
        } catch {
          return 'refused';
        }
      }).filter((outcome) => outcome === 'won').length;
    expect(race('1', '0')).toBe(1);
    expect(race('5', '1.0')).toBe(1);
    expect(call('GetItem', { TableName: 'rows', Key })['Item']).toEqual({
      ...Key,
      n: { N: '5' },
      by: { N: '0' },
    });
  });

  it('returns the item in its way only when ALL_OLD is asked for', () => {
    const { call } = aTable();
    call('PutItem', ring('1', '0'));
    const plain = refusalOf(() => call('PutItem', ring('2', '0')));
    expect(plain).toMatchObject({
      code: 'ConditionalCheckFailedException',
      statusCode: 400,
      message: 'The conditional request failed',
      fields: {},
    });
    const withOld = { ...ring('2', '0'), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
    expect(refusalOf(() => call('PutItem', withOld)).fields).toEqual({
      Item: { ...Key, n: { N: '1' } },
    });
    const absent = {
      TableName: 'rows',
      Key: { pk: { S: 'other' }, sk: { N: '1' } },
      ConditionExpression: 'attribute_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
    expect(refusalOf(() => call('DeleteItem', absent)).fields).toEqual({});
    expect(refusalOf(() => call('UpdateItem', absent)).code).toBe(
      'ConditionalCheckFailedException',
    );
  });
});

describe('return values', () => {
  const update = {
    TableName: 'rows',
    Key,
    UpdateExpression: 'SET m.a = :v REMOVE gone',
    ExpressionAttributeValues: { ':v': { N: '2' } },
  };
  const before = { ...Key, m: { M: { a: { N: '1' }, b: { N: '9' } } }, gone: { S: 'x' } };
  const after = { ...Key, m: { M: { a: { N: '2' }, b: { N: '9' } } } };

  it.each([
    ['NONE', undefined],
    ['ALL_OLD', before],
    ['ALL_NEW', after],
    ['UPDATED_OLD', { m: { M: { a: { N: '1' } } }, gone: { S: 'x' } }],
    ['UPDATED_NEW', { m: { M: { a: { N: '2' } } } }],
  ])('of an update: %s', (ReturnValues, attributes) => {
    const { call } = aTable();
    call('PutItem', { TableName: 'rows', Item: before });
    expect(call('UpdateItem', { ...update, ReturnValues })['Attributes']).toEqual(attributes);
  });

  it('of puts and deletes are the item before, or nothing', () => {
    const { call } = aTable();
    const put = { TableName: 'rows', Item: { ...Key, n: { N: '1' } }, ReturnValues: 'ALL_OLD' };
    expect(call('PutItem', put)).toEqual({});
    expect(call('PutItem', put)['Attributes']).toEqual(put.Item);
    const remove = { TableName: 'rows', Key, ReturnValues: 'ALL_OLD' };
    expect(call('DeleteItem', remove)['Attributes']).toEqual(put.Item);
    expect(call('DeleteItem', remove)).toEqual({});
    expect(call('GetItem', { TableName: 'rows', Key })).toEqual({});
    expect(refusalOf(() => call('PutItem', { ...put, ReturnValues: 'ALL_NEW' })).code).toBe(
      'ValidationException',
    );
    expect(refusalOf(() => call('PutItem', { ...put, ReturnValues: 'MANY' })).message).toContain(
      'enum value set',
    );
  });
});

describe('a request', () => {
  it('for a table that is not there is refused', () => {
    const { call } = aTable();
    expect(refusalOf(() => call('GetItem', { TableName: 'none', Key }))).toMatchObject({
      code: 'ResourceNotFoundException',
      statusCode: 400,
      message: 'Requested resource not found',
    });
  });

  it('may name its table by ARN', () => {
    const { call } = aTable();
    const TableName = 'arn:aws:dynamodb:us-east-1:000000000000:table/rows';
    call('PutItem', { TableName, Item: Key });
    expect(call('GetItem', { TableName, Key })['Item']).toEqual(Key);
  });

  it('with parameters that are not modelled, or an unknown operation, is refused by name', () => {
    const { call } = aTable();
    const legacy = { TableName: 'rows', Item: Key, Expected: { n: { Exists: false } } };
    expect(refusalOf(() => call('PutItem', legacy)).message).toContain('Expected is not modelled');
    expect(refusalOf(() => call('ExecuteStatement', {})).code).toBe('UnknownOperationException');
  });
});

function nested(depth: number): object {
  let value: object = { S: 'x' };
  for (let level = 0; level < depth; level += 1) value = { L: [value] };
  return value;
}
