import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aTable, NOW_MS, refusalOf } from './dynamodb-fixture.ts';

type Call = ReturnType<typeof aTable>['call'];

const put = (call: Call, pk: string, sk: string, more: object = {}, nowMs = NOW_MS) =>
  call('PutItem', { TableName: 'rows', Item: { pk: { S: pk }, sk: { N: sk }, ...more } }, nowMs);

/** Sort keys that a query on partition `a` returns, in its order. */
function sorted(call: Call, condition: string, values: object = {}, input: object = {}): string[] {
  const { Items } = call('Query', {
    TableName: 'rows',
    ConsistentRead: true,
    KeyConditionExpression: condition === '' ? 'pk = :p' : `pk = :p AND ${condition}`,
    ExpressionAttributeValues: { ':p': { S: 'a' }, ...values },
    ...input,
  });
  return Items.map((item: { sk: Record<string, string> }) => Object.values(item.sk)[0]);
}

describe('a query', () => {
  const { call } = aTable();
  for (const sk of ['10', '-1', '2', '1.5', '0', '100']) put(call, 'a', sk);
  put(call, 'b', '3');

  it('returns its partition alone, ascending by the value of the number', () => {
    expect(sorted(call, '')).toEqual(['-1', '0', '1.5', '2', '10', '100']);
  });

  it.each([
    ['sk = :x', { ':x': { N: '2.0' } }, ['2']],
    ['sk < :x', { ':x': { N: '2' } }, ['-1', '0', '1.5']],
    ['sk <= :x', { ':x': { N: '2' } }, ['-1', '0', '1.5', '2']],
    ['sk > :x', { ':x': { N: '2' } }, ['10', '100']],
    ['sk >= :x', { ':x': { N: '3' } }, ['10', '100']],
    ['sk BETWEEN :x AND :y', { ':x': { N: '0' }, ':y': { N: '10' } }, ['0', '1.5', '2', '10']],
    ['(sk = :x)', { ':x': { N: '7' } }, []],
  ])('selects a range of sort keys: %s', (condition, values, expected) => {
    expect(sorted(call, condition, values)).toEqual(expected);
    const input = { ScanIndexForward: false };
    expect(sorted(call, condition, values, input)).toEqual([...expected].reverse());
  });

  it('stops at its limit and goes on from there, either way', () => {
    const values = { ':x': { N: '-1' } };
    for (const ScanIndexForward of [true, false]) {
      const pages: string[][] = [];
      let input: object = { ScanIndexForward, Limit: 2 };
      for (;;) {
        const answer = call('Query', {
          TableName: 'rows',
          KeyConditionExpression: 'pk = :p AND sk > :x',
          ExpressionAttributeValues: { ':p': { S: 'a' }, ...values },
          ...input,
        });
        pages.push(answer['Items'].map((item: { sk: { N: string } }) => item.sk.N));
        if (answer['LastEvaluatedKey'] === undefined) break;
        input = { ...input, ExclusiveStartKey: answer['LastEvaluatedKey'] };
      }
      const ascending = [['0', '1.5'], ['2', '10'], ['100']];
      expect(pages).toEqual(ScanIndexForward ? ascending : [['100', '10'], ['2', '1.5'], ['0']]);
    }
  });

  it('ends a page that its limit fills, though nothing may follow', () => {
    const answer = call('Query', {
      TableName: 'rows',
      KeyConditionExpression: 'pk = :p',
      ExpressionAttributeValues: { ':p': { S: 'b' } },
      Limit: 1,
    });
    expect(answer['LastEvaluatedKey']).toEqual({ pk: { S: 'b' }, sk: { N: '3' } });
  });

  it('counts what it read and what its filter let through', () => {
    const { call } = aTable();
    for (const n of ['1', '2', '3']) put(call, 'a', n, { n: { N: n } });
    const input = {
      TableName: 'rows',
      KeyConditionExpression: 'pk = :p',
      FilterExpression: 'n >= :n',
      ExpressionAttributeValues: { ':p': { S: 'a' }, ':n': { N: '2' } },
    };
    const projected = call('Query', { ...input, ProjectionExpression: 'n' });
    expect(projected).toEqual({
      Count: 2,
      ScannedCount: 3,
      Items: [{ n: { N: '2' } }, { n: { N: '3' } }],
    });
    expect(call('Query', { ...input, Select: 'COUNT', Limit: 2 })).toEqual({
      Count: 1,
      ScannedCount: 2,
      LastEvaluatedKey: { pk: { S: 'a' }, sk: { N: '2' } },
    });
  });

  it.each([
    ['sk = :x', 'Query condition missed key schema element: pk'],
    ['pk > :x', 'Query key condition not supported'],
    ['pk = :x OR sk = :x', 'Invalid operator used in KeyConditionExpression: OR'],
    ['pk = :x AND sk <> :x', 'Invalid operator used in KeyConditionExpression: <>'],
    ['pk = :x AND n = :x', 'Query condition missed key schema element: sk'],
    ['pk = :x AND pk = :x', 'must only contain one condition per key'],
    ['pk = :x AND sk = :x', 'Condition parameter type does not match schema type'],
    ['pk = :x AND size(sk) = :x', 'Query key condition not supported'],
    ['pk = :x AND attribute_exists(sk)', 'Invalid operator used in KeyConditionExpression'],
  ])('refuses the key condition %s', (KeyConditionExpression, message) => {
    const ExpressionAttributeValues = { ':x': { S: 'x' } };
    const refused = refusalOf(() =>
      call('Query', { TableName: 'rows', KeyConditionExpression, ExpressionAttributeValues }),
    );
    expect(refused.code).toBe('ValidationException');
    expect(refused.message).toContain(message);
  });

  it('refuses other parameters that make no sense', () => {
    const base = {
      TableName: 'rows',
      KeyConditionExpression: 'pk = :p AND sk > :s',
      ExpressionAttributeValues: { ':p': { S: 'a' }, ':s': { N: '5' } },
    };
    const message = (input: object) =>
      refusalOf(() => call('Query', { ...base, ...input })).message;
    expect(message({ KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)' })).toContain(
      'begins_with, operand type: N',
    );
    expect(message({ FilterExpression: 'sk < :s' })).toContain('Primary key attribute: sk');
    expect(message({ Limit: 0 })).toContain('greater than or equal to 1');
    expect(message({ ExclusiveStartKey: { pk: { S: 'a' } } })).toBe(
      'The provided starting key is invalid',
    );
    expect(message({ ExclusiveStartKey: { pk: { S: 'a' }, sk: { N: '5' } } })).toContain(
      'outside query boundaries',
    );
    expect(message({ ExclusiveStartKey: { pk: { S: 'b' }, sk: { N: '9' } } })).toContain(
      'outside query boundaries',
    );
    expect(message({ Select: 'COUNT', ProjectionExpression: 'n' })).toContain(
      'Cannot specify the ProjectionExpression',
    );
    expect(message({ IndexName: 'other' })).toContain('IndexName is not modelled');
    expect(refusalOf(() => call('Query', { TableName: 'rows' })).message).toContain(
      'must be specified',
    );
  });

  it('orders texts by UTF-8 bytes and finds what begins with a text', () => {
    const { call } = aTable({ sk: 'S' });
    const names = ['a', 'ab', 'a\u{1F600}', 'a\uFFFD', 'b', 'á'];
    for (const sk of names)
      call('PutItem', { TableName: 'rows', Item: { pk: { S: 'a' }, sk: { S: sk } } });
    expect(sorted(call, '')).toEqual(['a', 'ab', 'a\uFFFD', 'a\u{1F600}', 'b', 'á']);
    const values = { ':x': { S: 'a' } };
    expect(sorted(call, 'begins_with(sk, :x)', values)).toEqual([
      'a',
      'ab',
      'a\uFFFD',
      'a\u{1F600}',
    ]);
    expect(sorted(call, 'begins_with(sk, :x)', { ':x': { S: 'a\u{1F600}' } })).toEqual([
      'a\u{1F600}',
    ]);
  });

  it('orders bytes as unsigned', () => {
    const { call } = aTable({ sk: 'B' });
    const keys = [[128], [1, 0], [1], [0, 255]];
    for (const key of keys) {
      call('PutItem', {
        TableName: 'rows',
        Item: { pk: { S: 'a' }, sk: { B: new Uint8Array(key) } },
      });
    }
    expect(sorted(call, '').map((key) => [...(key as unknown as Uint8Array)])).toEqual([
      [0, 255],
      [1],
      [1, 0],
      [128],
    ]);
  });

  it('agrees with a naive selection over any items and range', () => {
    const key = fc.integer({ min: -5_000, max: 5_000 }).map((units) => String(units / 64));
    const keys = fc.uniqueArray(key, { maxLength: 60, selector: Number, size: 'max' });
    fc.assert(
      fc.property(keys, key, key, fc.nat({ max: 10 }), (members, one, other, limit) => {
        const { call } = aTable();
        for (const sk of members) put(call, 'a', sk);
        const [low, high] = [one, other].sort((left, right) => Number(left) - Number(right));
        const expected = members
          .map(Number)
          .filter((sk) => sk >= Number(low) && sk <= Number(high))
          .sort((left, right) => left - right)
          .slice(0, limit + 1);
        const values = { ':l': { N: low }, ':h': { N: high } };
        const found = sorted(call, 'sk BETWEEN :l AND :h', values, { Limit: limit + 1 });
        expect(found.map(Number)).toEqual(expected);
      }),
    );
  });
});

describe('a page', () => {
  it('ends with the item at which 1 MB has been read', () => {
    const { call } = aTable();
    for (let sk = 0; sk < 25; sk += 1)
      put(call, 'a', String(sk), { x: { S: 'x'.repeat(100 * 1024) } });
    const pages: number[] = [];
    let ExclusiveStartKey: object | undefined;
    do {
      const answer = call('Query', {
        TableName: 'rows',
        KeyConditionExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': { S: 'a' } },
        ReturnConsumedCapacity: 'TOTAL',
        ConsistentRead: true,
        ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
      });
      pages.push(answer['Count']);
      ExclusiveStartKey = answer['LastEvaluatedKey'];
    } while (ExclusiveStartKey !== undefined);
    expect(pages).toEqual([11, 11, 3]);
  });
});

describe('a scan', () => {
  const { call } = aTable();
  for (let index = 0; index < 300; index += 1)
    put(call, `p${index}`, '1', { n: { N: String(index) } });
  const all = (input: object) => {
    const found: string[] = [];
    let ExclusiveStartKey: object | undefined;
    do {
      const start = ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey };
      const answer = call('Scan', { TableName: 'rows', Limit: 7, ...input, ...start });
      found.push(...answer['Items'].map((item: { n: { N: string } }) => item.n.N));
      ExclusiveStartKey = answer['LastEvaluatedKey'];
    } while (ExclusiveStartKey !== undefined);
    return found;
  };

  it('meets every item once, page by page', () => {
    const found = all({});
    expect(new Set(found).size).toBe(300);
    expect(found).toHaveLength(300);
  });

  it('meets every item in one of its segments', () => {
    const segments = [0, 1, 2].map((Segment) => all({ Segment, TotalSegments: 3 }));
    expect(segments.every(({ length }) => length > 50)).toBe(true);
    expect(segments.flat().sort()).toEqual(all({}).sort());
  });

  it('goes on behind an item that was deleted meanwhile', () => {
    const { call } = aTable();
    for (const pk of ['a', 'b', 'c']) put(call, pk, '1');
    const first = call('Scan', { TableName: 'rows', Limit: 1 });
    call('DeleteItem', { TableName: 'rows', Key: first['LastEvaluatedKey'] });
    const rest = call('Scan', { TableName: 'rows', ExclusiveStartKey: first['LastEvaluatedKey'] });
    expect(rest['Count']).toBe(2);
  });

  it('filters by any attribute, and refuses segments that are not there', () => {
    const filter = {
      FilterExpression: 'pk = :p',
      ExpressionAttributeValues: { ':p': { S: 'p7' } },
    };
    expect(call('Scan', { TableName: 'rows', ...filter })['Count']).toBe(1);
    const wrong = { TableName: 'rows', Segment: 2, TotalSegments: 2 };
    expect(refusalOf(() => call('Scan', wrong)).message).toContain('zero-based');
    expect(refusalOf(() => call('Scan', { TableName: 'rows', Segment: 0 })).message).toContain(
      'TotalSegments',
    );
  });
});

describe('an eventually consistent read', () => {
  const key = (sk: string) => ({ pk: { S: 'a' }, sk: { N: sk } });

  it('is up to date by default', () => {
    const { call } = aTable();
    put(call, 'a', '1');
    expect(call('GetItem', { TableName: 'rows', Key: key('1') })['Item']).toEqual(key('1'));
  });

  it('shows none of the writes within its lag, while a consistent one shows all', () => {
    const { call } = aTable({}, { readLagMs: () => 100 });
    put(call, 'a', '1', { v: { N: '1' } }, 1_000);
    put(call, 'a', '2', { v: { N: '1' } }, 1_000);
    put(call, 'a', '1', { v: { N: '2' } }, 1_200);
    put(call, 'a', '1', { v: { N: '3' } }, 1_210);
    put(call, 'a', '3', { v: { N: '1' } }, 1_210);
    call('DeleteItem', { TableName: 'rows', Key: key('2') }, 1_220);
    const state = (nowMs: number, ConsistentRead: boolean) => {
      const query = {
        TableName: 'rows',
        KeyConditionExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': { S: 'a' } },
        ConsistentRead,
      };
      return call('Query', query, nowMs)['Items'].map(
        (item: { sk: { N: string }; v: { N: string } }) => `${item.sk.N}=${item.v.N}`,
      );
    };
    const get = (nowMs: number) =>
      call('GetItem', { TableName: 'rows', Key: key('1') }, nowMs)['Item'];
    expect(state(1_220, true)).toEqual(['1=3', '3=1']);
    expect(state(1_220, false)).toEqual(['1=1', '2=1']);
    expect(get(1_220).v.N).toBe('1');
    expect(state(1_305, false)).toEqual(['1=2', '2=1']);
    expect(state(1_320, false)).toEqual(['1=3', '3=1']);
    expect(get(1_320).v.N).toBe('3');
  });
});

describe('time to live', () => {
  const expiring = { at: { N: '1000' } };
  const enable = (call: Call) =>
    call('UpdateTimeToLive', {
      TableName: 'rows',
      TimeToLiveSpecification: { AttributeName: 'at', Enabled: true },
    });
  const count = (call: Call, nowMs: number) =>
    call('Scan', { TableName: 'rows', ConsistentRead: true }, nowMs)['Count'];

  it('deletes an item some time after its expiry, for reads and conditions alike', () => {
    const { call } = aTable({}, { expiryDelayMs: 60_000 });
    enable(call);
    put(call, 'a', '1', expiring, 0);
    put(call, 'a', '2', { at: { S: '1000' } }, 0);
    expect(count(call, 1_059_999)).toBe(2);
    const ConditionExpression = 'attribute_not_exists(pk)';
    const again = {
      TableName: 'rows',
      Item: { pk: { S: 'a' }, sk: { N: '1' } },
      ConditionExpression,
    };
    expect(refusalOf(() => call('PutItem', again, 1_059_999)).code).toBe(
      'ConditionalCheckFailedException',
    );
    expect(count(call, 1_060_000)).toBe(1);
    call('PutItem', again, 1_060_000);
    expect(count(call, 1_060_000)).toBe(2);
  });

  it('spares items that expired more than five years ago, and tables without it', () => {
    const { call } = aTable();
    put(call, 'a', '1', expiring, 0);
    expect(count(call, NOW_MS)).toBe(1);
    enable(call);
    expect(count(call, NOW_MS)).toBe(1);
    expect(count(call, 2_000_000)).toBe(0);
  });
});
