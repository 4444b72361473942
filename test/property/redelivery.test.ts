import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { count, dynamodb, kinesis, pipeline, s3, sum, tumbling } from '../../lib/index.ts';
import { createEngineWorld } from '../support/engine-world.ts';
import { cases } from './cases.ts';

interface Event {
  readonly at: number;
  readonly key: string;
  readonly value: number;
}

const T0 = Date.UTC(2026, 0, 1);
const plan = pipeline('p')
  .from(kinesis<Event>('events').partitionedBy('key'))
  .withWatermark('at', '1 second')
  .keyBy('key')
  .window(tumbling('10 seconds'))
  .aggregate({ n: count(), total: sum('value') })
  .onLate(s3('late'))
  .to(dynamodb('rows'), { mode: 'update' })
  .plan();

/** Ascending times, so that no cut makes a record late; a few that are no event at all. */
const events = fc
  .array(
    fc.record({
      stepMs: fc.integer({ min: 0, max: 4_000 }),
      key: fc.constantFrom('a', 'b', ''),
      value: fc.integer({ min: -9, max: 9 }),
      isBroken: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((steps) => {
    let at = T0;
    return steps.map(({ stepMs, key, value, isBroken }) => {
      at += stepMs;
      return isBroken && value > 5 ? '{"broken"' : { at, key, value };
    });
  });

/** Lambda delivers from any place that was delivered before, to any end, into any sandbox. */
const deliveries = fc.array(
  fc.record({
    back: fc.nat(8),
    length: fc.integer({ min: 1, max: 8 }),
    sandbox: fc.nat(1),
    cold: fc.boolean(),
  }),
  { maxLength: 3 },
);

type World = ReturnType<typeof createEngineWorld>;

const visible = (world: World) => ({
  rows: world.tableRows(),
  late: world.lines('late/'),
  dead: world.lines('dead-letters/').map(({ sequenceNumber, reason }) => [sequenceNumber, reason]),
});

/** Counts of all commits together: in, duplicate, dead, late, filtered, applied, lateRows. */
function countsOf(world: World): number[] {
  const sums = Array.from({ length: 7 }, () => 0);
  for (const slot of world.slots()) {
    for (const [index, { N: number }] of slot['cnt']!.L!.entries()) sums[index]! += Number(number);
  }
  return sums;
}

describe('redelivery', () => {
  test('changes nothing: any retries give the rows, late rows and dead letters of one delivery', async () => {
    await fc.assert(
      fc.asyncProperty(events, deliveries, async (all, retries) => {
        const world = createEngineWorld({ plan, ringSize: 64 });
        const records = world.push(all);
        const sandboxes = [world.sandbox(), world.sandbox()];
        let committed = 0;
        for (const { back, length, sandbox, cold } of retries) {
          if (cold) sandboxes[sandbox] = world.sandbox();
          const from = Math.max(0, committed - back);
          const end = Math.min(records.length, from + length);
          const answer = await sandboxes[sandbox]!(records.slice(from, end));
          expect(answer.batchItemFailures).toEqual([]);
          committed = Math.max(committed, end);
        }
        await sandboxes[0]!(records);
        const before = { ...visible(world), commits: world.slots().length };
        for (const again of sandboxes) await again(records);
        expect({ ...visible(world), commits: world.slots().length }).toEqual(before);

        const once = createEngineWorld({ plan, ringSize: 64 });
        await once.sandbox()(once.push(all));
        const [one, many] = [visible(once), visible(world)];
        expect(many.rows).toEqual(one.rows);
        expect(many.late).toEqual(one.late);
        expect(many.dead.length).toBe(one.dead.length);
        const [, , ...classes] = countsOf(once);
        const [taken = 0, duplicate = 0, ...others] = countsOf(world);
        expect(others).toEqual(classes);
        expect(taken - duplicate).toBe(records.length);
      }),
      cases(),
    );
  });
});
