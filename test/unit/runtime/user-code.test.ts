import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect, test } from 'vitest';
import {
  aggregator,
  count,
  dynamodb,
  kinesis,
  last,
  noop,
  pipeline,
  tumbling,
} from '../../../lib/index.ts';
import { EngineError } from '../../../lib/model/errors.ts';
import { createEngineWorld } from '../../support/engine-world.ts';
import { ARRIVAL_MS, PassDrive } from '../../support/passes.ts';

interface Sale {
  readonly at: number;
  readonly shop: string;
  readonly bad?: boolean;
}

/** What a validator may return is what the tests are about, so that it is not typed. */
type Validate = (value: unknown) => unknown;

const schemaOf = (validate: Validate): StandardSchemaV1<unknown, Sale> => ({
  '~standard': { version: 1, vendor: 'test', validate: validate as () => { value: Sale } },
});
const accept: Validate = (value) => ({ value });
const isBad = (value: unknown) => (value as Sale).bad === true;

const sales = (options: { readonly map?: (sale: Sale) => Sale; readonly validate?: Validate }) =>
  pipeline('sales')
    .from(kinesis('sales', { schema: schemaOf(options.validate ?? accept) }).partitionedBy('shop'))
    .map(options.map ?? ((sale) => sale))
    .withWatermark('at', '10 seconds')
    .keyBy('shop')
    .window(tumbling('1 minute'))
    .aggregate({ sales: count() })
    .to(dynamodb('rows'), { mode: 'update' })
    .plan();

function aRevokedProxy(): never {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as never;
}

const rejecting = (segment: unknown): Validate => {
  return (value) => (isBad(value) ? { issues: [{ message: 'no', path: [segment] }] } : { value });
};

const FAILURES: Readonly<Record<string, ReturnType<typeof sales>>> = {
  'a getter that throws': sales({
    map: (sale) =>
      isBad(sale)
        ? {
            shop: sale.shop,
            get at(): number {
              throw new RangeError(`no time: ${'x'.repeat(1_000)}`);
            },
          }
        : sale,
  }),
  'a revoked proxy': sales({ map: (sale) => (isBad(sale) ? aRevokedProxy() : sale) }),
  'a validator that returns undefined': sales({
    validate: (value) => (isBad(value) ? undefined : { value }),
  }),
  'a path segment that has no text': sales({ validate: rejecting({ key: Object.create(null) }) }),
  'a path segment that is null': sales({ validate: rejecting(null) }),
  'a thrown thing that cannot be asked what it is': sales({
    map: (sale) =>
      isBad(sale)
        ? {
            shop: sale.shop,
            get at(): number {
              throw aRevokedProxy();
            },
          }
        : sale,
  }),
};

test.each(Object.keys(FAILURES))('%s makes one dead letter, its neighbours count', async (what) => {
  const world = createEngineWorld({ plan: FAILURES[what]! });
  const sale = { at: world.clock.ms, shop: 'a' };
  await world.sandbox()(world.push([sale, { ...sale, bad: true }, sale]));
  expect(world.tableRows()).toMatchObject([{ shop: 'a', sales: 2 }]);
  const letters = world.lines('dead-letters/');
  expect(letters).toMatchObject([{ reason: 'operator-failed' }]);
  expect(String(letters[0]!['detail']).length).toBeLessThan(300);
});

test('an error of the engine is no fault of the record', () => {
  const plan = sales({ validate: async (value) => ({ value }) });
  const push = () => new PassDrive(plan).push([{ at: ARRIVAL_MS, shop: 'a' }]);
  expect(push).toThrow(EngineError);
  expect(push).toThrow('asynchronously');
});

test('a kept value that throws when it is copied leaves neither a row nor a change', () => {
  const plan = pipeline('sales')
    .from(kinesis<Sale>('sales').partitionedBy('shop'))
    .map((sale) => ({ ...sale, note: isBad(sale) ? unreadable() : { text: 'fine' } }))
    .keyBy('shop')
    .aggregate({ sales: count(), note: last('note') })
    .to(dynamodb('rows'), { mode: 'update' })
    .plan();
  const sale = { at: ARRIVAL_MS, shop: 'a' };
  const clean = new PassDrive(plan).push([sale, sale]);
  const { dead, delta, rows } = new PassDrive(plan).push([
    sale,
    { ...sale, bad: true },
    { ...sale, shop: 'b', bad: true },
    sale,
  ]);
  expect(dead).toMatchObject([{ reason: 'operator-failed' }, { reason: 'operator-failed' }]);
  expect(rows).toEqual(clean.rows);
  expect(Buffer.from(delta)).toEqual(Buffer.from(clean.delta));
});

test.each([
  ['the result of an aggregator', { result: 'revoked', map: 'plain' }],
  ['a map behind the aggregation', { result: 'plain', map: 'revoked' }],
])('%s that cannot be looked at costs its own row only', (_, gives) => {
  const plan = pipeline('sales')
    .from(kinesis<Sale>('sales').partitionedBy('shop'))
    .keyBy('shop')
    .aggregate({
      sales: aggregator({
        zero: () => 0,
        add: (total: number) => total + 1,
        merge: (left, right) => left + right,
        result: (total): number =>
          total === 2 && gives.result === 'revoked' ? aRevokedProxy() : total,
      }),
    })
    .map((row) => (row.sales === 2 && gives.map === 'revoked' ? aRevokedProxy() : row))
    .to(noop(), { mode: 'update' })
    .plan();
  const { dead, result } = new PassDrive(plan).push(
    ['a', 'b', 'a', 'c'].map((shop) => ({ at: ARRIVAL_MS, shop })),
  );
  expect(dead).toMatchObject([{ reason: 'operator-failed' }]);
  const row = JSON.parse(Buffer.from(String(dead[0]!['data']), 'base64').toString());
  expect(row).toMatchObject({ shop: 'a' });
  expect(result.counts).toMatchObject({ applied: 4, dead: 0 });
});

/** Passes for plain data as long as only its descriptors are looked at. */
function unreadable(): { text: string } {
  return new Proxy(
    { text: 'never' },
    {
      get() {
        throw new TypeError('not readable');
      },
    },
  );
}
