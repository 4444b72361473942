import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  count,
  decimal,
  dynamodb,
  foreachBatch,
  kinesis,
  noop,
  pipeline,
  s3,
  sum,
  tumbling,
} from '../../../lib/index.ts';
import { type Simulated, type SimulationPlan, simulate } from '../../../lib/testing/index.ts';

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

describe('what no run can show is told', () => {
  const sold = () => pipeline('sold').from(kinesis<Sale>('sales').partitionedBy('shop'));

  it('by a refusal where the pipeline drops all events', async () => {
    const dropping = sold()
      .filter(() => false)
      .to(s3('sold'), { mode: 'append' });
    await expect(simulate(dropping, { events: sales, seeds: 1 })).rejects.toThrow(
      'no event reaches a sink (of 12: 12 filtered out): simulate events that do',
    );
  });

  it('by a refusal where no window ends', async () => {
    const byDay = sold()
      .withWatermark('at', '30 seconds')
      .keyBy('shop')
      .window(tumbling('1 day'))
      .aggregate({ sales: count() })
      .to(dynamodb('by-day'), { mode: 'append' });
    await expect(simulate(byDay, { events: sales, seeds: 1 })).rejects.toThrow(
      'no event reaches a sink (of 12: 12 kept for results that are not due yet',
    );
  });

  it('by no refusal where rows are for nobody', async () => {
    const unseen = sold().to(noop(), { mode: 'append' });
    (await simulate(unseen, { events: sales, seeds: 1 })).assertPassed();
  });

  it('by an empty array for a sink without rows', async () => {
    const windows = sold()
      .withWatermark('at', '10 seconds')
      .keyBy('shop')
      .window(tumbling('10 seconds'))
      .aggregate({ sales: count() })
      .onLate(s3('late'))
      .to(s3('windows'), { mode: 'append' });
    const { outputs } = await simulate(windows, { events: sales, seeds: 1 });
    expect(Object.keys(outputs).sort()).toEqual(['s3-late', 's3-windows']);
    expect(outputs['s3-late']).toEqual([]);
    expect(outputs['s3-windows']!.length).toBeGreaterThan(0);
  });

  it('by a note with the number of dead letters and their reasons', async () => {
    const failing = sold()
      .map((sale) => {
        if (sale.id.endsWith('1')) throw new Error('no ones');
        return sale;
      })
      .to(s3('sold'), { mode: 'append' });
    const { notes, passed } = await simulate(failing, { events: [...sales, '{'], seeds: 1 });
    expect(passed).toBe(true);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/2 for operator-failed, the first because .*no ones; 1 for /);
  });

  it('by a note that says how functions are compared', async () => {
    const written = sold().to(
      foreachBatch('database', async () => {}),
      { mode: 'append' },
    );
    const { notes, outputs } = await simulate(written, { events: sales, seeds: 1 });
    expect(notes).toEqual([
      expect.stringContaining(
        'returns { pipeline, effects: () => what the stand-in holds }',
      ) as unknown,
    ]);
    expect(outputs['foreach-batch-database']).toHaveLength(12);
  });

  it('by the rows that a function gets again and again', async () => {
    const counted = sold()
      .keyBy('shop')
      .aggregate({ sales: count() })
      .to(
        foreachBatch('database', async () => {}),
        { mode: 'update' },
      );
    const { outputs } = await simulate(counted, { events: sales, seeds: 1 });
    expect(outputs['foreach-batch-database']).toContainEqual({ shop: 'north', sales: 12 });
  });
});

describe('what a process remembers from before the first run', () => {
  /** What has come three times is dropped. */
  const atMostThrice = () => {
    const times = new Map<string, number>();
    return (sale: Sale): readonly Sale[] => {
      const count = (times.get(sale.id) ?? 0) + 1;
      times.set(sale.id, count);
      return count > 3 ? [] : [sale];
    };
  };
  /** Sales beside the largest one so far. */
  const withLargest = () => {
    let largest = 0;
    return (sale: Sale): readonly Sale[] => {
      largest = Math.max(largest, Number(sale.amount));
      return [{ ...sale, amount: String(largest) }];
    };
  };
  const timed = (remember: (sale: Sale) => readonly Sale[]) =>
    pipeline('remembering')
      .from(kinesis<Sale>('sales').partitionedBy('shop'))
      .flatMap(remember)
      .withWatermark('at', '30 seconds');
  const perWindow = (remember: (sale: Sale) => readonly Sale[]) =>
    timed(remember).keyBy('shop', 'amount').window(tumbling('10 seconds'));

  it.each<readonly [string, () => Simulated, string]>([
    [
      'which rows there are',
      () =>
        perWindow(atMostThrice())
          .aggregate({ sales: count() })
          .to(dynamodb('sales'), { mode: 'update' }),
      'event 0, computed again: 0 rows come to the watermark',
    ],
    [
      'what is written',
      () => timed(withLargest()).to(s3('sales'), { mode: 'append' }),
      "row of 's3-sales', event 0 computed again",
    ],
    [
      'what is kept',
      () =>
        perWindow(withLargest())
          .aggregate({ sales: count() })
          .to(dynamodb('sales'), { mode: 'append' }),
      'event 0: the state of a key is another one',
    ],
  ])('is found where it decides %s', async (_, remembering, line) => {
    const options = { events: sales, shards: 1 };
    const { failure } = await simulate(remembering(), { ...options, seeds: 5 });
    expect(failure?.cause).toBe('state-outside');
    expect(failure?.words).toContain(line);
    expect(failure?.words).toContain('the pipeline remembers something of earlier runs');
    const planned = await simulate(remembering(), { ...options, plan: failure!.plan });
    expect(planned.failure?.cause).toBe('state-outside');
    expect(planned.failure?.words).toContain(line);
  });
});

describe('a failure is blamed on', () => {
  it('work that an operator does not wait for, with the error that it ends with', async () => {
    const logging = pipeline('logging')
      .from(kinesis<Sale>('sales'))
      .map((sale) => {
        void Promise.resolve().then(() => Promise.reject(new Error('the disk is full')));
        return sale;
      })
      .to(s3('logging'), { mode: 'append' });
    const { failure } = await simulate(logging, { events: sales, seeds: 1 });
    expect(failure?.cause).toBe('not-awaited');
    expect(failure?.words).toContain('the disk is full');
  });

  it('a function that fails half way, and not on no fault at all', async () => {
    const failing = () => {
      let written = 0;
      let calls = 0;
      const write = async (rows: readonly Sale[]) => {
        written += rows.length;
        calls += 1;
        if (calls % 2 === 1) throw new Error('half way');
      };
      return {
        pipeline: pipeline('failing')
          .from(kinesis<Sale>('sales'))
          .to(foreachBatch('database', write), { mode: 'append' }),
        effects: () => written,
      };
    };
    const { failure } = await simulate(failing, { events: sales, seeds: 1 });
    expect(failure?.cause).toBe('not-idempotent');
    expect(failure?.words).toContain("the function of 'foreach-batch-database' threw half way");
    expect(failure?.words).not.toContain('It takes no fault');
  });

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

  it('by seed 0, where it takes no fault', async () => {
    const marked = pipeline('marked')
      .from(kinesis<Sale>('sales'))
      .map(({ id }) => ({ id, mark: Math.random() }))
      .to(s3('marked'), { mode: 'append' });
    const { failure } = await simulate(marked, { events: sales, seeds: 3 });
    expect(failure?.seed).toBe(0);
    expect(failure?.words).toContain('simulate(pipeline, { events, seed: 0 })');
    const again = await simulate(marked, { events: sales, seed: 0 });
    expect(again.failure).toEqual(failure);
  });

  it('and seed 0 makes no run with faults', async () => {
    const report = await simulate(lastToHappen, { events: sales, seed: 0, seeds: 3 });
    report.assertPassed();
    expect(report.runCount).toBe(2);
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
