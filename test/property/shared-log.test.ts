// Shards of two sources that share a log, under generated deliveries: any mix of shards in one call, any
// sandbox, deaths at any call, deliveries that come again, ticks in between. Every record counts once.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { count, dynamodb, kinesis, pipeline, s3, sum, tumbling } from '../../lib/index.ts';
import type { DeliveredRecord } from '../../lib/model/record.ts';
import { createEngineWorld, Death } from '../support/engine-world.ts';
import { cases } from './cases.ts';

interface Sale {
  readonly at: number;
  readonly shop: string;
  readonly amount: number;
}

const sales = pipeline('sales', { inOneTask: true });
const plan = sales
  .from(kinesis<Sale>('shops'))
  .union(sales.from(kinesis<Sale>('web')))
  .withWatermark('at', '10 minutes')
  .keyBy('shop')
  .window(tumbling('1 minute'))
  .aggregate({ sales: count(), total: sum('amount') })
  .to(dynamodb('rows'), { mode: 'update' })
  .to(s3('rows'), { mode: 'append' })
  .plan();

/** Partition keys of the first and of the second shard of a stream with two. */
const KEYS = ['key', 'second'] as const;
const SANDBOXES = 3;

const step = fc.record({
  /** Sales that arrive at each of the four shards. */
  arriving: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
  /** Which shards are delivered in one call, and how many of their records. */
  delivered: fc.array(fc.option(fc.integer({ min: 1, max: 5 })), { minLength: 4, maxLength: 4 }),
  sandbox: fc.nat(SANDBOXES - 1),
  /** The call at which the sandbox dies, if it makes so many; before or after it is applied. */
  deathAt: fc.option(fc.integer({ min: 1, max: 12 })),
  isApplied: fc.boolean(),
  tick: fc.boolean(),
});
const steps = fc.array(step, { minLength: 1, maxLength: 12 });
/** Whole batches in one commit, or a few records in each. */
const bytesMax = fc.constantFrom(1_000_000, 150);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** A sandbox that dies at a call and is then another one. */
function createSandbox(at: ReturnType<typeof createEngineWorld>) {
  let [callsLeft, isApplied] = [Infinity, false];
  const isDead = () => callsLeft <= 0;
  const open = () =>
    at.sandbox({
      beforeApply: () => {
        if (isDead()) throw new Death();
        callsLeft -= 1;
        if (isDead() && !isApplied) throw new Death();
      },
      beforeReply: () => {
        if (isDead()) throw new Death();
      },
    });
  let task = open();
  return async (death: Pick<Step, 'deathAt' | 'isApplied'>, run: (to: typeof task) => unknown) => {
    callsLeft = death.deathAt ?? Infinity;
    isApplied = death.isApplied;
    try {
      await run(task);
      return !isDead();
    } catch (error) {
      if (!isDead()) throw error;
      return false;
    } finally {
      if (isDead()) task = open();
      callsLeft = Infinity;
    }
  };
}

async function runSteps(steps: readonly Step[], deltaBytesMax: number) {
  const at = createEngineWorld({ plan, shardCount: 2, ringSize: 6, task: { deltaBytesMax } });
  const sandboxes = Array.from({ length: SANDBOXES }, () => createSandbox(at));
  const shards = ['shops', 'web'].flatMap((source) =>
    KEYS.map((key) => ({ source, key, left: [] as DeliveredRecord[] })),
  );
  const sold: Sale[] = [];
  const deliver = async (counts: Step['delivered'], death: Step) => {
    const parts = shards.map(({ left }, index) => left.slice(0, counts[index] ?? 0));
    const isTaken = await sandboxes[death.sandbox]!(death, (task) => task(parts.flat()));
    if (!isTaken) return;
    for (const [index, shard] of shards.entries())
      shard.left = shard.left.slice(parts[index]!.length);
  };
  for (const one of steps) {
    for (const [index, shard] of shards.entries()) {
      const batch = Array.from({ length: one.arriving[index]! }, (_, place) => ({
        at: (sold.length + place) * 7_000,
        shop: `shop-${(sold.length + place) % 3}`,
        amount: sold.length + place,
      }));
      sold.push(...batch);
      shard.left.push(...at.push(batch, shard.key, shard.source));
    }
    await deliver(one.delivered, one);
    if (one.tick)
      await sandboxes[one.sandbox]!({ deathAt: null, isApplied: false }, (task) => task.tick());
  }
  const rest: Step = { ...steps[0]!, deathAt: null };
  await deliver([Infinity, Infinity, Infinity, Infinity], rest);
  await sandboxes[0]!(rest, (task) => task.tick({ watermarkMs: 1e9 }));
  return { at, sold };
}

const rowsOf = (rows: readonly Record<string, unknown>[]) =>
  rows
    .map(({ shop, windowStart, sales: number, total }) =>
      [shop, Date.parse(String(windowStart)), number, total].join(' '),
    )
    .sort();

function naive(sold: readonly Sale[]): readonly string[] {
  const rows = new Map<string, { sales: number; total: number }>();
  for (const { at, shop, amount } of sold) {
    const key = `${shop} ${at - (at % 60_000)}`;
    const row = rows.get(key) ?? { sales: 0, total: 0 };
    rows.set(key, { sales: row.sales + 1, total: row.total + amount });
  }
  return [...rows].map(([key, row]) => `${key} ${row.sales} ${row.total}`).sort();
}

describe('shards that share a log', () => {
  test('count every record once, whoever takes it with which others, and whenever who dies', async () => {
    await fc.assert(
      fc.asyncProperty(steps, bytesMax, async (taken, deltaBytesMax) => {
        const { at, sold } = await runSteps(taken, deltaBytesMax);
        const expected = naive(sold);
        expect(rowsOf(at.tableRows())).toEqual(expected);
        expect(rowsOf(at.lines('rows/'))).toEqual(expected);
        expect(at.lines('dead-letters/')).toEqual([]);
      }),
      cases(300),
    );
  });
});
