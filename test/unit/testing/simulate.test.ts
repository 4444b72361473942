import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  count,
  decimal,
  dynamodb,
  foreachBatch,
  kinesis,
  pipeline,
  s3,
  sum,
  tumbling,
} from '../../../lib/index.ts';
import { type SimulationPlan, simulate } from '../../../lib/testing/index.ts';

interface Sale {
  readonly id: string;
  readonly shop: string;
  readonly at: number;
  readonly amount: string;
}

const sales: readonly Sale[] = Array.from({ length: 12 }, (_, index) => ({
  id: `sale-${index}`,
  shop: 'north',
  at: Date.UTC(2026, 0, 1, 12) + index * 4_000,
  amount: `${index}.30`,
}));

const lastSale = (later: (left: Sale, right: Sale) => Sale) =>
  pipeline('last-sale')
    .from(kinesis<Sale>('sales').partitionedBy('shop'))
    .withWatermark('at', '30 seconds')
    .keyBy('shop')
    .window(tumbling('1 minute'))
    .reduce(later)
    .to(dynamodb('last-sale'), { mode: 'update' });

const lastToArrive = lastSale((_, right) => right);
const lastToHappen = lastSale((left, right) => (right.at > left.at ? right : left));

/** The first sale kills its process as often as it takes to be set aside; the last two change places. */
const setAside: SimulationPlan = {
  shards: 1,
  batchSize: 1,
  arrivals: [...sales.keys()].map((index) => ({
    event: index < 10 ? index : 21 - index,
    atMs: index * 20,
  })),
  faults: {
    seed: 1,
    calls: Array.from({ length: 6 }, (_, index) => ({
      operation: 'UpdateItem',
      nth: 2 * index + 1,
      kind: 'crash-before',
    })),
    invocations: [],
    world: [],
  },
};

describe('a simulation', () => {
  it.each(['12.34', '12.30', '12.00', '-0.50', '0.00'])('takes a sum of %s', async (amount) => {
    const takings = pipeline('takings')
      .from(kinesis<Sale>('sales').partitionedBy('shop'))
      .keyBy('shop')
      .aggregate({ total: sum(decimal('amount', { scale: 2 })) })
      .to(dynamodb('takings'), { mode: 'update' });
    const report = await simulate(takings, { events: [{ ...sales[0], amount }], seeds: 3 });
    report.assertPassed();
  });

  it('compares all but the record that was set aside', async () => {
    const options = { events: sales, shards: 1, plan: setAside };
    const right = await simulate(lastToHappen, options);
    right.assertPassed();
    const mistaken = await simulate(lastToArrive, options);
    expect(mistaken.failure?.cause).toBe('order-of-arrival');
  });
});

describe('a failure is blamed on', () => {
  it.each<readonly [string, () => unknown, string]>([
    ['process.uptime()', () => process.uptime(), 'clock'],
    ['performance.timeOrigin', () => performance.timeOrigin, 'clock'],
    ['process.pid', () => process.pid, 'environment'],
    ['os.hostname()', () => hostname(), 'environment'],
  ])('%s where rows hold it', async (name, read, cause) => {
    const marked = pipeline('marked')
      .from(kinesis<Sale>('sales'))
      .map(({ id }) => ({ id, mark: read() }))
      .to(s3('marked'), { mode: 'append' });
    const { failure } = await simulate(marked, { events: sales, seeds: 1 });
    expect(failure?.cause).toBe(cause);
    expect(failure?.words).toContain(name);
  });

  it('no repeat where a function hides its own errors', async () => {
    const hiding = () => {
      const written = new Set<string>();
      let calls = 0;
      const write = async (rows: readonly Sale[]) => {
        calls += 1;
        if (calls % 3 !== 0) for (const { id } of rows) written.add(id);
      };
      return {
        pipeline: pipeline('hiding')
          .from(kinesis<Sale>('sales').partitionedBy('id'))
          .to(foreachBatch('database', write), { mode: 'append' }),
        effects: () => written,
      };
    };
    const { failure } = await simulate(hiding, { events: sales, seeds: 10 });
    expect(failure?.cause).toBe('state-outside');
  });
});

describe('a failure says how it is repeated', () => {
  it('by its seed', async () => {
    const { failure } = await simulate(lastToArrive, { events: sales, seeds: 50, shards: 1 });
    const { seed } = failure!;
    expect(failure!.words).toContain(`simulate(pipeline, { events, seed: ${seed}, shards: 1 })`);
    const again = await simulate(lastToArrive, { events: sales, seed, shards: 1 });
    expect(again.failure).toEqual(failure);
  });

  it('by its plan, where it was made by a plan', async () => {
    const { failure } = await simulate(lastToArrive, { events: sales, seeds: 50 });
    const again = await simulate(lastToArrive, { events: sales, plan: failure!.plan });
    expect(again.failure?.words).toContain('simulate(pipeline, { events, plan: failure.plan })');
    expect(again.failure?.plan).toEqual(failure!.plan);
  });

  it('by its plan, also where another number of shards gives something else', async () => {
    const byId = pipeline('by-id')
      .from(kinesis<Sale>('sales').partitionedBy('id'))
      .map(({ amount }) => ({ id: amount }))
      .keyBy('id')
      .aggregate({ sales: count() })
      .to(dynamodb('by-id'), { mode: 'update' });
    const { failure } = await simulate(byId, { events: sales, seeds: 1 });
    expect(failure?.cause).toBe('key-changed');
    expect(failure?.plan.shards).toBe(1);
    const again = await simulate(byId, { events: sales, plan: failure!.plan });
    expect(again.failure?.cause).toBe('key-changed');
  });
});
