// The rules of DynamoDB that the engine relies on, each with where it is stated. "Developer guide" and
// "API reference" are those of Amazon DynamoDB.

import {
  type AttributeValue,
  type ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandOutput,
  type TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshName, HANDLERS, openTarget, outcomesOf, refusalOf, type Target } from './target.ts';

type Attributes = Record<string, AttributeValue>;

let target: Target;

beforeAll(async () => {
  target = await openTarget();
});

afterAll(() => target.stop());

describe.each(HANDLERS)('DynamoDB over the %s handler', (handler) => {
  const TableName = freshName('rows');
  const textTable = freshName('texts');
  let client: DynamoDBClient;
  let keys = 0;

  beforeAll(async () => {
    client = new DynamoDBClient(target.options(handler));
    for (const [name, type] of [
      [TableName, 'N'],
      [textTable, 'S'],
    ] as const) {
      await client.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: type },
          ],
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
        }),
      );
      await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName: name });
    }
  });

  afterAll(async () => {
    for (const name of [TableName, textTable]) {
      await client.send(new DeleteTableCommand({ TableName: name }));
    }
    client.destroy();
  });

  const freshKey = (sk = 0): { pk: { S: string }; sk: { N: string } } => {
    keys += 1;
    return { pk: { S: `key-${keys}` }, sk: { N: String(sk) } };
  };
  const put = (Item: Attributes) => client.send(new PutItemCommand({ TableName, Item }));
  const get = async (Key: Attributes) =>
    (await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;
  const query = (input: Partial<QueryCommandInput>) =>
    client.send(new QueryCommand({ TableName, ConsistentRead: true, ...input }));
  const putSlot = (Item: Attributes, expected: string) =>
    client.send(
      new PutItemCommand({
        TableName,
        Item,
        ConditionExpression: 'attribute_not_exists(pk) OR n = :x',
        ExpressionAttributeValues: { ':x': { N: expected } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );

  // API reference, PutItem, ConditionExpression: "A condition that must be satisfied in order for a
  // conditional PutItem operation to succeed"; developer guide, "Conditional writes".
  it('lets one of twenty conditional puts of one slot through, on an absent slot and on a full one', async () => {
    const Key = freshKey();
    for (const [n, expected] of [
      ['7', '-1017'],
      ['1031', '7'],
    ] as const) {
      const racers = Array.from({ length: 20 }, (_, by) =>
        putSlot({ ...Key, n: { N: n }, by: { N: String(by) } }, expected),
      );
      expect(await outcomesOf(racers)).toEqual({
        won: 1,
        refused: ['ConditionalCheckFailedException'],
      });
      expect((await get(Key))?.['n']).toEqual({ N: n });
    }
  });

  // API reference, PutItem, ReturnValuesOnConditionCheckFailure.
  it('returns the item in the way of a conditional put, with its bytes', async () => {
    const Item = { ...freshKey(), n: { N: '5' }, body: { B: new Uint8Array([0, 1, 254, 255]) } };
    await put(Item);
    const { name, status, error } = await refusalOf(putSlot(Item, '4'));
    expect([name, status]).toEqual(['ConditionalCheckFailedException', 400]);
    expect((error as ConditionalCheckFailedException).Item).toEqual(Item);
  });

  // API reference, PutItem, ReturnValuesOnConditionCheckFailure: without it no item is returned.
  it('returns no item with a refusal that did not ask for one, nor for an absent item', async () => {
    const Key = freshKey();
    const condition = { ConditionExpression: 'attribute_exists(pk)' };
    const absent = new DeleteItemCommand({
      TableName,
      Key,
      ...condition,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    const refused = await refusalOf(client.send(absent));
    expect((refused.error as ConditionalCheckFailedException).Item).toBeUndefined();
    await put(Key);
    const again = new PutItemCommand({
      TableName,
      Item: Key,
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    const { error } = await refusalOf(client.send(again));
    expect((error as ConditionalCheckFailedException).Item).toBeUndefined();
  });

  // Developer guide, "Data types: Number": up to 38 digits of precision, zeros at the ends trimmed.
  it('compares and stores numbers as decimals of 38 digits', async () => {
    const Key = freshKey();
    await put({ ...Key, n: { N: '2.00' }, m: { N: '12345678901234567890123456789012345678' } });
    await putSlot({ ...Key, n: { N: '3' }, m: { N: '0.1' } }, '2');
    const update = new UpdateItemCommand({
      TableName,
      Key,
      UpdateExpression: 'SET m = m + :d',
      ExpressionAttributeValues: { ':d': { N: '0.2' } },
      ReturnValues: 'ALL_NEW',
    });
    expect((await client.send(update)).Attributes).toMatchObject({
      n: { N: '3' },
      m: { N: '0.3' },
    });
    const long = put({ ...Key, n: { N: '1'.repeat(39) } });
    expect((await refusalOf(long)).name).toBe('ValidationException');
  });

  // Developer guide, "Read consistency": a strongly consistent read returns all prior successful writes.
  it('reads its own writes', async () => {
    const Key = freshKey();
    for (const n of ['1', '2', '3']) {
      await put({ ...Key, n: { N: n } });
      expect((await get(Key))?.['n']).toEqual({ N: n });
    }
    await client.send(new DeleteItemCommand({ TableName, Key }));
    expect(await get(Key)).toBeUndefined();
  });

  // API reference, Query: results are sorted by the sort key, numbers in numeric order; Limit is the
  // number of items to evaluate, and LastEvaluatedKey is where the next page begins.
  it('queries a range of numeric sort keys in ascending order, with a limit', async () => {
    const { pk } = freshKey();
    for (const sk of [10, 9, 1023, 100, -1, 1, 0]) await put({ pk, sk: { N: String(sk) } });
    const range = {
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': pk, ':first': { N: '1' }, ':last': { N: '1023' } },
    };
    const slots = (items: Attributes[] | undefined) => items?.map(({ sk }) => sk?.N);
    expect(slots((await query(range)).Items)).toEqual(['1', '9', '10', '100', '1023']);
    const page = await query({ ...range, Limit: 3 });
    expect(slots(page.Items)).toEqual(['1', '9', '10']);
    expect(page.LastEvaluatedKey).toEqual({ pk, sk: { N: '10' } });
    const rest = await query({ ...range, Limit: 3, ExclusiveStartKey: page.LastEvaluatedKey });
    expect(slots(rest.Items)).toEqual(['100', '1023']);
    expect(rest.LastEvaluatedKey).toBeUndefined();
    const last = await query({ ...range, ScanIndexForward: false, Limit: 1 });
    expect(slots(last.Items)).toEqual(['1023']);
  });

  // API reference, Query: "a single Query operation will read up to ... 1 MB of data".
  it('ends a page of a query near 1 MB and loses nothing between pages', async () => {
    const { pk } = freshKey();
    const body = { B: new Uint8Array(100 * 1024) };
    for (let sk = 0; sk < 25; sk += 1) await put({ pk, sk: { N: String(sk) }, body });
    const input = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': pk } };
    const seen: (string | undefined)[] = [];
    let start: Attributes | undefined;
    do {
      const page = await query(
        start === undefined ? input : { ...input, ExclusiveStartKey: start },
      );
      expect(page.Items?.length).toBeGreaterThan(0);
      expect(page.Items?.length).toBeLessThanOrEqual(11);
      seen.push(...(page.Items ?? []).map(({ sk }) => sk?.N));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, sk) => String(sk)));
  });

  // Developer guide, "Service quotas: Item size" and "Item sizes and formats": 400 KB, the UTF-8 bytes
  // of names and texts and the raw bytes of binaries together.
  it('stores an item of 400 KB with its names, and refuses one byte more', async () => {
    const Key = { pk: { S: 'size' }, sk: { N: '1' } };
    // pk + size, sk + one digit and one more, and the name of body.
    const rest = 2 + 4 + 2 + 2 + 4;
    const body = (byteLength: number) => ({ ...Key, body: { B: new Uint8Array(byteLength) } });
    await put(body(400 * 1024 - rest));
    expect((await get(Key))?.['body']?.B).toHaveLength(400 * 1024 - rest);
    const { name, error } = await refusalOf(put(body(400 * 1024 - rest + 1)));
    expect(name).toBe('ValidationException');
    expect(error.message).toContain('Item size has exceeded the maximum allowed size');
  });

  // Developer guide, "Conditional writes"; API reference, UpdateItem.
  it('moves a pointer by compare-and-set for one of twenty, and never from another value', async () => {
    const Key = freshKey(-1);
    const move = (from: string | undefined, to: string) =>
      client.send(
        new UpdateItemCommand({
          TableName,
          Key,
          UpdateExpression: 'SET #digest = :to',
          ConditionExpression:
            from === undefined ? 'attribute_not_exists(#digest)' : '#digest = :from',
          ExpressionAttributeNames: { '#digest': '_digest' },
          ExpressionAttributeValues: {
            ':to': { S: to },
            ...(from === undefined ? {} : { ':from': { S: from } }),
          },
        }),
      );
    const openings = Array.from({ length: 20 }, () => move(undefined, 'first'));
    expect((await outcomesOf(openings)).won).toBe(1);
    const moves = Array.from({ length: 20 }, (_, index) => move('first', `second-${index}`));
    expect(await outcomesOf(moves)).toEqual({
      won: 1,
      refused: ['ConditionalCheckFailedException'],
    });
    expect((await refusalOf(move('first', 'third'))).name).toBe('ConditionalCheckFailedException');
    expect((await get(Key))?.['_digest']?.S).toMatch(/^second-/);
  });

  const named = { _n: { N: '1' }, status: { S: 'x' } };
  const fenced = (ConditionExpression: string, names: Record<string, string>, Item: Attributes) =>
    client.send(
      new PutItemCommand({
        TableName,
        Item,
        ConditionExpression,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ':n': { N: '2' }, ':s': { S: 'x' } },
      }),
    );

  // Developer guide, "Expression attribute names": reserved words, and names that do not begin with a
  // letter, have to be written as placeholders.
  it('takes any name of an attribute by a placeholder, and wants each of them used', async () => {
    const Item = { ...freshKey(), ...named };
    await put(Item);
    const names = { '#n': '_n', '#s': 'status' };
    await fenced('#n < :n AND #s = :s', names, Item);
    const unused = fenced('#n < :n AND #s = :s', { ...names, '#t': 'type' }, Item);
    expect((await refusalOf(unused)).error.message).toContain('unused in expressions');
  });

  // The same page.
  it('refuses a bare name that begins with an underscore', async () => {
    const Item = { ...freshKey(), ...named };
    await put(Item);
    const { name } = await refusalOf(fenced('_n < :n AND #s = :s', { '#s': 'status' }, Item));
    expect(name).toBe('ValidationException');
  });

  // Developer guide, "Reserved words in DynamoDB".
  it('refuses a bare name that is a reserved word', async () => {
    const Item = { ...freshKey(), ...named };
    await put(Item);
    const { name } = await refusalOf(fenced('#n < :n AND status = :s', { '#n': '_n' }, Item));
    expect(name).toBe('ValidationException');
  });

  // Developer guide, "Service quotas": partition key 1 to 2,048 bytes, sort key 1 to 1,024 bytes.
  it('takes keys of 2,048 and 1,024 bytes of UTF-8, and refuses one byte more and empty ones', async () => {
    const putText = (pk: string, sk: string) =>
      client.send(
        new PutItemCommand({ TableName: textTable, Item: { pk: { S: pk }, sk: { S: sk } } }),
      );
    await putText('é'.repeat(1024), 'é'.repeat(512));
    for (const [pk, sk] of [
      ['x'.repeat(2049), 'a'],
      ['a', 'x'.repeat(1025)],
      ['', 'a'],
      ['a', ''],
    ] as const) {
      const { name, status } = await refusalOf(putText(pk, sk));
      expect([name, status]).toEqual(['ValidationException', 400]);
    }
  });

  // API reference, Query: "String type: order of UTF-8 bytes".
  it('tells all texts apart and orders them by their UTF-8 bytes', async () => {
    const texts = [
      'a',
      'e\u0301',
      '\u00e9',
      '__proto__',
      'constructor',
      '\uFFFD',
      '\u{1F600}',
      '\u0000',
    ];
    for (const sk of texts) {
      const Item = { pk: { S: 'order' }, sk: { S: sk } };
      await client.send(new PutItemCommand({ TableName: textTable, Item }));
    }
    const { Items } = await query({
      TableName: textTable,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: 'order' } },
    });
    const byBytes = [...texts].sort((one, other) =>
      Buffer.compare(Buffer.from(one), Buffer.from(other)),
    );
    expect(Items?.map(({ sk }) => sk?.S)).toEqual(byBytes);
  });

  // API reference, AttributeValue; developer guide, "Data types".
  it('returns every type of value as it was put, empty texts and binaries of 300 KB among them', async () => {
    const Item: Attributes = {
      ...freshKey(),
      text: { S: '' },
      yes: { BOOL: true },
      nothing: { NULL: true },
      list: { L: [{ N: '1' }, { L: [] }] },
      map: { M: { B: { B: new Uint8Array([1]) }, S: { S: 'x' } } },
      bytes: { B: new Uint8Array(300 * 1024).map((_, index) => index % 251) },
      blobs: { BS: [new Uint8Array([7])] },
    };
    await put(Item);
    expect(await get(Item['pk'] === undefined ? {} : { pk: Item['pk'], sk: Item['sk']! })).toEqual(
      Item,
    );
  });

  // API reference, TransactWriteItems: all actions complete, or none; CancellationReasons in order.
  it('cancels a whole transaction and gives the reason of each action', async () => {
    const [free, taken] = [freshKey(), freshKey()];
    await put(taken);
    const transaction = new TransactWriteItemsCommand({
      TransactItems: [free, taken].map((Item) => ({
        Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' },
      })),
    });
    const { name, error } = await refusalOf(client.send(transaction));
    expect(name).toBe('TransactionCanceledException');
    const reasons = (error as TransactionCanceledException).CancellationReasons;
    expect(reasons?.map(({ Code }) => Code)).toEqual(['None', 'ConditionalCheckFailed']);
    expect(await get(free)).toBeUndefined();
  });

  // API reference, TransactWriteItems: the item of an unmet condition, when the action asks for it.
  it('gives the item in the way with the reason of a cancelled transaction', async () => {
    const taken = { ...freshKey(), n: { N: '5' } };
    await put(taken);
    const Put = {
      TableName,
      Item: taken,
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
    const transaction = new TransactWriteItemsCommand({ TransactItems: [{ Put }] });
    const { error } = await refusalOf(client.send(transaction));
    expect((error as TransactionCanceledException).CancellationReasons?.[0]?.Item).toEqual(taken);
  });

  // API reference, TransactWriteItems: "up to 100 action requests", no two of them on one item.
  it('takes 100 actions in a transaction, and refuses 101 and two on one item', async () => {
    const transact = (items: readonly Attributes[]) =>
      client.send(
        new TransactWriteItemsCommand({
          TransactItems: items.map((Item) => ({ Put: { TableName, Item } })),
        }),
      );
    const items = Array.from({ length: 101 }, () => freshKey());
    await transact(items.slice(1));
    expect(await get(items[1]!)).toEqual(items[1]);
    expect((await refusalOf(transact(items))).name).toBe('ValidationException');
    expect((await refusalOf(transact([items[0]!, items[0]!]))).name).toBe('ValidationException');
    expect(await get(items[0]!)).toBeUndefined();
  });

  // API reference, TransactWriteItems, ClientRequestToken: idempotent for ten minutes.
  it('applies a transaction once that is sent again under its token', async () => {
    const Key = freshKey();
    const ClientRequestToken = freshName('token');
    await put({ ...Key, n: { N: '0' } });
    const transact = (by: string) =>
      client.send(
        new TransactWriteItemsCommand({
          ClientRequestToken,
          TransactItems: [
            {
              Update: {
                TableName,
                Key,
                UpdateExpression: 'SET n = n + :by',
                ExpressionAttributeValues: { ':by': { N: by } },
              },
            },
          ],
        }),
      );
    await transact('1');
    await transact('1');
    expect((await get(Key))?.['n']).toEqual({ N: '1' });
    expect((await refusalOf(transact('2'))).name).toBe('IdempotentParameterMismatchException');
  });

  // API reference, Scan: at most 1 MB a page, LastEvaluatedKey is where the next page begins.
  it('scans a table page by page and loses nothing', async () => {
    const texts = Array.from({ length: 15 }, (_, index) => `scan-${index}`);
    const body = { B: new Uint8Array(100 * 1024) };
    for (const text of texts) {
      const Item = { pk: { S: text }, sk: { S: 'scan' }, body };
      await client.send(new PutItemCommand({ TableName: textTable, Item }));
    }
    const seen: string[] = [];
    let start: Attributes | undefined;
    let pages = 0;
    do {
      const page: ScanCommandOutput = await client.send(
        new ScanCommand({ TableName: textTable, ConsistentRead: true, ExclusiveStartKey: start }),
      );
      seen.push(...(page.Items ?? []).map(({ pk }) => pk!.S!));
      start = page.LastEvaluatedKey;
      pages += 1;
    } while (start !== undefined);
    expect(pages).toBeGreaterThan(1);
    expect(seen.filter((text) => text.startsWith('scan-')).sort()).toEqual(texts.sort());
  });

  // Developer guide, "Read/write capacity mode": one write unit for each KB begun.
  it('charges one write unit for each KB begun of the item', async () => {
    const units = async (byteLength: number) => {
      const Item = {
        pk: { S: 'u' },
        sk: { N: String(byteLength) },
        b: { B: new Uint8Array(byteLength) },
      };
      const command = new PutItemCommand({ TableName, Item, ReturnConsumedCapacity: 'TOTAL' });
      return (await client.send(command)).ConsumedCapacity?.CapacityUnits;
    };
    expect([await units(100), await units(1_500), await units(10_000)]).toEqual([1, 2, 10]);
  });

  // Developer guide, "Time to Live"; the template sets it on tables that hold tombstones.
  it('keeps the time-to-live attribute of a table', async () => {
    const TimeToLiveSpecification = { AttributeName: '_expires', Enabled: true };
    await client.send(
      new UpdateTimeToLiveCommand({ TableName: textTable, TimeToLiveSpecification }),
    );
    const described = await client.send(new DescribeTimeToLiveCommand({ TableName: textTable }));
    expect(described.TimeToLiveDescription?.AttributeName).toBe('_expires');
    expect(described.TimeToLiveDescription?.TimeToLiveStatus).toMatch(/^ENABL(ED|ING)$/);
  });

  // API reference, "Common errors" and the errors of each operation.
  it('names its refusals', async () => {
    const missing = new GetItemCommand({ TableName: freshName('absent'), Key: freshKey() });
    expect((await refusalOf(client.send(missing))).name).toBe('ResourceNotFoundException');
    const wrongKey = new GetItemCommand({ TableName, Key: { pk: { S: 'x' } } });
    expect((await refusalOf(client.send(wrongKey))).name).toBe('ValidationException');
  });
});
