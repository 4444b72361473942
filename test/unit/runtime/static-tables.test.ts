import { describe, expect, test } from 'vitest';
import { kinesis, pipeline, s3 } from '../../../lib/index.ts';
import type { Plan, PlanNode, StaticTable } from '../../../lib/plan/plan.ts';
import { createEngineWorld, type WorldOptions } from '../../support/engine-world.ts';

const events = pipeline('joined')
  .from(kinesis<{ shop: string }>('events'))
  .to(s3('rows'), { mode: 'append' })
  .plan();

/** The plan with a join in front of its sink. */
function joined(table: StaticTable, refreshMs = 60_000): Plan {
  const [source, sink] = events.nodes;
  const join: PlanNode = {
    kind: 'static-join',
    uid: 'join',
    inputs: [source!.uid],
    type: 'left',
    key: { fields: ['shop'], selectors: [{ kind: 'field', field: 'shop' }] },
    table,
    tableFields: ['name'],
    refreshMs,
  };
  return { ...events, nodes: [source!, join, { ...sink!, inputs: ['join'] } as PlanNode] };
}

const shops = { kind: 's3', name: 'shops' } as const;
const inS3: WorldOptions['tables'] = {
  shops: { kind: 's3', bucketName: 'outputs', key: 'shops.ndjson' },
};
const inDynamoDb: WorldOptions['tables'] = { shops: { kind: 'dynamodb', tableName: 'rows' } };
const world = (options: Partial<WorldOptions> = {}) =>
  createEngineWorld({ plan: joined(shops), tables: inS3, ...options });
type World = ReturnType<typeof world>;

const put = (at: World, text: string) =>
  at.call('s3', 'PutObject', { Bucket: 'outputs', Key: 'shops.ndjson', Body: Buffer.from(text) });

const cities = (at: World) =>
  at
    .lines('rows/')
    .map(({ left, right }) => [
      (left as { shop: string }).shop,
      (right as { city: string } | null)?.city ?? null,
    ]);

const versions = (at: World) =>
  at.slots().map((slot) => (slot['tab'] as unknown as { M: object } | undefined)?.M);

describe('a table in an object', () => {
  test('is joined, and the commit names its version', async () => {
    const at = world();
    const { ETag } = put(at, '{"name":"north","city":"Oslo"}\n\n{"name":null,"city":"x"}\n');
    await at.sandbox()(at.push([{ shop: 'north' }, { shop: 'south' }]));
    expect(cities(at)).toEqual([
      ['north', 'Oslo'],
      ['south', null],
    ]);
    expect(versions(at)).toEqual([{ join: { S: String(ETag).replaceAll('"', '') } }]);
  });

  test('is read again once it is too old, and not before', async () => {
    const at = world();
    const task = at.sandbox();
    put(at, '{"name":"north","city":"Oslo"}');
    await task(at.push([{ shop: 'north' }]));
    put(at, '{"name":"north","city":"Bergen"}');
    at.clock.ms += 59_999;
    await task(at.push([{ shop: 'north' }]));
    at.clock.ms += 1;
    await task(at.push([{ shop: 'north' }]));
    expect(cities(at)).toEqual([
      ['north', 'Oslo'],
      ['north', 'Oslo'],
      ['north', 'Bergen'],
    ]);
    const [first, second, third] = versions(at);
    expect(first).toEqual(second);
    expect(third).not.toEqual(second);
  });

  test.each([
    ['that is not there', null, 'table-missing'],
    ['with a line that is no JSON', '{"name":"north"}\nnorth', 'invalid'],
    ['with a row that is no object', '1', 'invalid'],
  ])('%s stops the pipeline before user code runs', async (_name, text, code) => {
    const at = world();
    if (text !== null) put(at, text);
    await expect(at.sandbox()(at.push([{ shop: 'north' }]))).rejects.toMatchObject({
      kind: 'invalid',
      code,
    });
    expect(at.slots()).toEqual([]);
    const notes = at.calls.filter(({ operation }) => operation === 'UpdateItem');
    expect(notes).toEqual([]);
  });
});

describe('a table of DynamoDB', () => {
  const item = (name: string, city: string) => ({
    pk: { S: name },
    sk: { S: '-' },
    name: { S: name },
    city: { S: city },
    size: { N: '2.5' },
    tags: { SS: ['b', 'a'] },
    open: { BOOL: true },
    deep: { M: { list: { L: [{ NULL: true }, { N: '1' }] } } },
  });

  test('is scanned, and its version is the digest of its rows', async () => {
    const at = world({ tables: inDynamoDb });
    const putItem = (name: string, city: string) =>
      at.call('dynamodb', 'PutItem', { TableName: 'rows', Item: item(name, city) });
    putItem('north', 'Oslo');
    putItem('south', 'Rome');
    await at.sandbox()(at.push([{ shop: 'south' }]));
    expect(at.lines('rows/')).toEqual([
      {
        left: { shop: 'south' },
        right: {
          pk: 'south',
          sk: '-',
          name: 'south',
          city: 'Rome',
          size: 2.5,
          tags: ['a', 'b'],
          open: true,
          deep: { list: [null, 1] },
        },
      },
    ]);
    await at.sandbox()(at.push([{ shop: 'south' }]));
    putItem('south', 'Bari');
    await at.sandbox()(at.push([{ shop: 'south' }]));
    const [first, second, third] = versions(at);
    expect(first).toEqual({ join: { S: expect.stringMatching(/^[0-9a-f]{16}$/) } });
    expect(second).toEqual(first);
    expect(third).not.toEqual(first);
  });
});

test('rows of the plan need no place; their version is their digest', async () => {
  const rows = [{ name: 'north', city: 'Oslo' }];
  const at = world({ plan: joined({ kind: 'rows', name: 'shops', rows }), tables: {} });
  const task = at.sandbox();
  await task(at.push([{ shop: 'north' }]));
  at.clock.ms += 3_600_000;
  await task(at.push([{ shop: 'north' }]));
  expect(cities(at)).toEqual([
    ['north', 'Oslo'],
    ['north', 'Oslo'],
  ]);
  expect(versions(at)[0]).toEqual({ join: { S: expect.stringMatching(/^[0-9a-f]{16}$/) } });
  expect(versions(at)[1]).toEqual(versions(at)[0]);
});

test('a table without a place is refused', async () => {
  const at = world({ tables: {} });
  await expect(at.sandbox()(at.push([{ shop: 'north' }]))).rejects.toMatchObject({
    code: 'table-without-place',
  });
});

test('a plan without static tables names no versions', async () => {
  const at = world({ plan: events });
  await at.sandbox()(at.push([{ shop: 'north' }]));
  expect(versions(at)).toEqual([undefined]);
});
