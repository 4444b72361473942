import { describe, expect, test } from 'vitest';
import {
  count,
  dynamodb,
  foreachBatch,
  kinesis,
  pipeline,
  s3,
  sum,
  tumbling,
} from '../../../lib/index.ts';
import type { DeliveredRecord } from '../../../lib/model/record.ts';
import { type Plan, type PlanNode, sourceOf } from '../../../lib/plan/plan.ts';
import { createEngineWorld, Death, type WorldOptions } from '../../support/engine-world.ts';

interface Sale {
  readonly at: number;
  readonly shop: string;
  readonly amount: number;
}

const oneSource = pipeline('sales')
  .from(kinesis<Sale>('shops').partitionedBy('shop'))
  .withWatermark('at', '10 seconds')
  .keyBy('shop')
  .window(tumbling('1 minute'))
  .aggregate({ sales: count(), total: sum('amount') })
  .to(dynamodb('rows'), { mode: 'update' })
  .to(s3('rows'), { mode: 'append' })
  .plan();

/** The plan over the rows of two streams, whose shards share a log. */
function inOneTask(given: Plan): Plan {
  const source = sourceOf(given);
  const nodes = given.nodes.flatMap((node): PlanNode[] => {
    if (node.kind !== 'kinesis-source') {
      const inputs = node.inputs.map((uid) => (uid === source.uid ? 'both' : uid));
      return [{ ...node, inputs } as PlanNode];
    }
    const shops: PlanNode = { ...source, partitionedBy: null };
    const web: PlanNode = { ...shops, uid: 'web', name: 'web' };
    return [shops, web, { kind: 'union', uid: 'both', inputs: [shops.uid, web.uid] }];
  });
  return { ...given, nodes, inOneTask: true };
}

const plan = inOneTask(oneSource);

const sale = (at: number, shop = 'north', amount = 1): Sale => ({ at, shop, amount });
const world = (options: Partial<WorldOptions> = {}) =>
  createEngineWorld({ plan, shardCount: 2, ...options });
type World = ReturnType<typeof world>;

/** Partition keys whose records go to the first and to the second shard of a stream with two. */
const [FIRST, SECOND] = ['key', 'second'] as const;

const shardsOf = (records: readonly DeliveredRecord[]) => [
  ...new Set(records.map(({ eventID }) => eventID.split(':')[0])),
];

/** Shop, start of the window, number and sum of its sales. */
const totals = (at: World) =>
  at
    .tableRows()
    .map(({ shop, windowStart, sales, total }) =>
      [shop, Date.parse(String(windowStart)), sales, total].join(' '),
    )
    .sort();

const countsOf = (at: World) =>
  at.slots().map((slot) => {
    const [read, duplicate, , , , applied] = slot['cnt']!.L!.map(({ N }) => Number(N));
    return { read, duplicate, applied };
  });

/** The sandbox dies at its k-th append. */
function dyingAtAppend(at: World, k: number) {
  let appends = 0;
  return at.sandbox({
    beforeApply: ({ operation, input }) => {
      if (operation === 'PutItem' && input['TableName'] === 'log') appends += 1;
      if (appends === k) throw new Death();
    },
  });
}

test('the partition keys of these tests are of two shards', () => {
  const at = world();
  expect(shardsOf([...at.push([1], FIRST), ...at.push([1], SECOND)])).toEqual([
    'shardId-000000000000',
    'shardId-000000000001',
  ]);
});

describe('shards of two sources that share a log', () => {
  test('are one batch in one call, each with its own position', async () => {
    const at = world();
    const [a, b, c] = [
      at.push([sale(1_000)], FIRST),
      at.push([sale(2_000, 'south', 5), sale(3_000)], SECOND),
      at.push([sale(4_000, 'north', 2)], FIRST, 'web'),
    ];
    await at.sandbox()([...a, ...b.slice(0, 1), ...c, ...b.slice(1)]);
    expect(totals(at)).toEqual(['north 0 3 4', 'south 0 1 5']);
    const [slot] = at.slots();
    expect(slot!['pk']).toEqual({ S: 'sales/1/*/*' });
    expect(slot!['pos']).toEqual({
      M: Object.fromEntries(
        [
          ['shops/shardId-000000000000', a.at(-1)!],
          ['shops/shardId-000000000001', b.at(-1)!],
          ['web/shardId-000000000000', c.at(-1)!],
        ].map(([shard, record]) => {
          const { sequenceNumber } = (record as DeliveredRecord).kinesis;
          return [shard, { S: `${sequenceNumber}:0:${at.clock.ms}` }];
        }),
      ),
    });
    expect(at.lines('rows/')).toEqual([]);
  });

  test('go on one after the other, whichever sandbox takes them', async () => {
    const at = world();
    const [one, other] = [at.sandbox(), at.sandbox()];
    await one(at.push([sale(1_000)], FIRST));
    await other(at.push([sale(2_000)], SECOND));
    await one(at.push([sale(3_000)], FIRST, 'web'));
    await other(at.push([sale(4_000)], FIRST));
    expect(totals(at)).toEqual(['north 0 4 4']);
    expect(at.slots().length).toBe(4);
  });

  test('drop duplicates by the position of their shard', async () => {
    const at = world();
    const [a, b] = [
      at.push([sale(1_000), sale(2_000)], FIRST),
      at.push([sale(3_000), sale(4_000)], SECOND, 'web'),
    ];
    await at.sandbox()([...a.slice(0, 1), ...b]);
    await at.sandbox()([...b, ...a]);
    await at.sandbox()([...a, ...b]);
    expect(totals(at)).toEqual(['north 0 4 4']);
    expect(countsOf(at)).toEqual([
      { read: 3, duplicate: 0, applied: 3 },
      { read: 4, duplicate: 3, applied: 1 },
    ]);
  });

  test('are told apart by source, although their shards have one name', async () => {
    const at = world();
    const a = at.push([sale(1_000)], FIRST);
    const b = at.push([sale(2_000)], FIRST, 'web');
    await at.sandbox()(b);
    await at.sandbox()(a);
    expect(totals(at)).toEqual(['north 0 2 2']);
  });

  test('commit any prefix of a batch, and a death between two loses and repeats nothing', async () => {
    const rows = (at: World) => [
      ...at.push([sale(1_000), sale(2_000, 'south')], FIRST),
      ...at.push([sale(3_000, 'east'), sale(4_000, 'west')], SECOND),
      ...at.push([sale(5_000), sale(6_000, 'south')], SECOND, 'web'),
    ];
    for (let k = 1; k <= 6; k += 1) {
      const at = world({ task: { deltaBytesMax: 1 } });
      const batch = rows(at);
      await expect(dyingAtAppend(at, k)(batch)).rejects.toThrow();
      expect(at.slots().length).toBe(k - 1);
      await at.sandbox()(batch);
      expect(totals(at)).toEqual(['east 0 1 1', 'north 0 2 2', 'south 0 2 2', 'west 0 1 1']);
      const counted = countsOf(at);
      expect(counted.reduce((sum, { applied }) => sum + applied!, 0)).toBe(6);
      expect(counted.every(({ read, duplicate, applied }) => read === duplicate! + applied!)).toBe(
        true,
      );
    }
  });

  test('name the first record of each shard that is left when time is up', async () => {
    const at = world({ task: { deltaBytesMax: 1 } });
    const a = at.push([sale(1_000), sale(2_000, 'south'), sale(3_000)], FIRST);
    const b = at.push([sale(4_000)], SECOND);
    const task = at.sandbox({
      beforeReply: ({ input }) => {
        if (input['TableName'] === 'rows') at.clock.ms += 59_000;
      },
    });
    const { batchItemFailures } = await task([...a, ...b]);
    expect(batchItemFailures).toEqual(
      [a[1]!, b[0]!].map(({ kinesis }) => ({ itemIdentifier: kinesis.sequenceNumber })),
    );
  });

  test('that lose a race drop what the winner took, in the middle of their batch too', async () => {
    const at = world();
    const stale = at.sandbox();
    await stale(at.push([sale(500)], FIRST));
    const [a, b, c] = [
      at.push([sale(1_000)], FIRST),
      at.push([sale(2_000), sale(3_000)], SECOND),
      at.push([sale(4_000)], FIRST, 'web'),
    ];
    await at.sandbox()(b);
    await stale([...a, ...b, ...c]);
    expect(totals(at)).toEqual(['north 0 5 5']);
    expect(countsOf(at)).toEqual([
      { read: 1, duplicate: 0, applied: 1 },
      { read: 2, duplicate: 0, applied: 2 },
      { read: 4, duplicate: 2, applied: 2 },
    ]);
  });

  test('leave positions of shards that their stream no longer lists', async () => {
    const at = world();
    await at.sandbox()(at.push([sale(1_000)], FIRST));
    at.call('kinesis', 'SplitShard', {
      StreamName: 'shops',
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: String(2n ** 126n),
    });
    const warm = at.sandbox();
    await warm(at.push([sale(2_000)], FIRST));
    at.clock.ms += 49 * 3_600_000;
    const task = at.sandbox({}, { onGap: 'warn' });
    await task(at.push([sale(3_000)], FIRST));
    const shards = at.slots().map((slot) => Object.keys((slot['pos'] as never as { M: object }).M));
    expect(shards.map(({ length }) => length)).toEqual([1, 2, 1]);
    expect(shards[2]).not.toContain('shops/shardId-000000000000');
    expect(totals(at)).toEqual(['north 0 3 3']);
  });

  test('keep the position of a shard that was opened while a sandbox read the log', async () => {
    const at = world();
    const warm = at.sandbox();
    const [first] = at.push([sale(1_000)], FIRST);
    await warm([first!]);
    let [child]: readonly (DeliveredRecord | undefined)[] = [];
    const cold = at.sandbox({
      beforeApply: async ({ operation }) => {
        if (operation !== 'Query' || child !== undefined) return;
        // It has listed the shards by now.
        at.call('kinesis', 'SplitShard', {
          StreamName: 'shops',
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: String(2n ** 126n),
        });
        [child] = at.push([sale(2_000)], FIRST);
        await warm([child!]);
      },
    });
    await cold(at.push([sale(3_000)], SECOND));
    const positions = at
      .slots()
      .map((slot) => Object.keys((slot['pos'] as never as { M: object }).M));
    expect(positions.map(({ length }) => length)).toEqual([1, 2, 3]);
    await at.sandbox()([child!]);
    expect(totals(at)).toEqual(['north 0 3 3']);
  });

  test('are maintained as one log', async () => {
    const at = world({ ringSize: 4 });
    const task = at.sandbox();
    for (let minute = 0; minute < 6; minute += 1) {
      await task(at.push([sale(minute * 60_000)], minute % 2 === 0 ? FIRST : SECOND));
    }
    expect(await at.maintain()).toMatchObject({ logs: 1 });
    await at.sandbox()(at.push([sale(360_000)], FIRST, 'web'));
    expect(totals(at).length).toBe(7);
  });

  test('name their objects apart from those of every other log', async () => {
    const at = world();
    const task = at.sandbox();
    await task(at.push([sale(1_000)], FIRST));
    await task(at.push([sale(100_000)], SECOND));
    const { Contents: objects } = at.call('s3', 'ListObjectsV2', {
      Bucket: 'outputs',
    }) as unknown as { Contents: { Key: string }[] };
    expect(objects.map(({ Key }) => Key.replace(/\/[0-9a-f]{16}-/, '/incarnation-'))).toEqual([
      expect.stringMatching(/\/incarnation-all-2\b/),
    ]);
  });
});

describe('gaps of shards that share a log', () => {
  test('are found by the last arrival of the shard, whatever came from others since', async () => {
    const at = world();
    const task = at.sandbox();
    await task(at.push([sale(1_000)], FIRST));
    at.push([sale(2_000)], FIRST);
    at.clock.ms += 400_000;
    await task(at.push([sale(3_000)], SECOND));
    const later = at.push([sale(4_000)], FIRST);
    await expect(at.sandbox()(later)).rejects.toMatchObject({ code: 'gap' });
    await at.sandbox({}, { onGap: 'warn' })(later);
    expect(at.slots().at(-1)?.['gap']?.S).toContain('"kind":"lost"');
  });

  test('stand in a commit each', async () => {
    const at = world();
    for (const shard of [FIRST, SECOND]) at.push([sale(1_000)], shard);
    const [a, b] = [at.push([sale(2_000)], FIRST), at.push([sale(3_000)], SECOND)];
    await at.sandbox({}, { onGap: 'warn' })([...a, ...b]);
    expect(at.slots().map((slot) => JSON.parse(slot['gap']!.S!))).toMatchObject(
      [a, b].map(([record]) => ({
        kind: 'lost',
        before: { sequenceNumber: record!.kinesis.sequenceNumber },
      })),
    );
    expect(totals(at)).toEqual(['north 0 2 2']);
  });
});

describe('a record that kills the process, beside shards that go on', () => {
  test('is found, although every sandbox is warm for the other shards and the head moves on', async () => {
    let alive = true;
    const poisonous: WorldOptions['wrap'] = (executable) => ({
      ...executable,
      processBatch: (input) => {
        for (let index = input.from; index < input.to; index += 1) {
          const event = input.decoded.event(index) as Sale;
          if (event.shop === 'poison' && !(input.setAside && index === input.from)) {
            alive = false;
            throw new Death();
          }
        }
        return executable.processBatch(input);
      },
    });
    const at = world({ wrap: poisonous, ringSize: 1_024 });
    const sandbox = () =>
      at.sandbox({
        beforeApply: () => {
          if (!alive) throw new Death();
        },
      });
    const batch = at.push([sale(1_000, 'south'), sale(2_000, 'poison'), sale(3_000)], FIRST);
    let deaths = 0;
    for (; deaths < 20; deaths += 1) {
      // Another shard starts in between, with a note of its own, and comes first in every sandbox.
      await sandbox()(at.push([sale(4_000, 'east')], SECOND));
      const task = sandbox();
      await task(at.push([sale(4_000, 'east')], SECOND));
      try {
        await task(batch);
        break;
      } catch (error) {
        if (alive) throw error;
        alive = true;
      }
    }
    expect(deaths).toBeLessThanOrEqual(7);
    expect(at.lines('dead-letters/')).toMatchObject([
      { reason: 'poison', sequenceNumber: batch[1]!.kinesis.sequenceNumber },
    ]);
    expect(totals(at)).toEqual([
      `east 0 ${2 * deaths + 2} ${2 * deaths + 2}`,
      'north 0 1 1',
      'south 0 1 1',
    ]);
  });

  test('is no record of a shard that only starts at the same time', async () => {
    const at = world();
    const [a, b] = [at.push([sale(1_000)], FIRST), at.push([sale(2_000)], SECOND)];
    for (let start = 0; start < 12; start += 1) {
      const dying = dyingAtAppend(at, 1);
      await expect(dying(start % 2 === 0 ? a : b)).rejects.toThrow();
    }
    await at.sandbox()(a);
    await at.sandbox()(b);
    expect(at.lines('dead-letters/')).toEqual([]);
    expect(totals(at)).toEqual(['north 0 2 2']);
  });
});

describe('a tick', () => {
  test('with a watermark closes windows, and repeats nothing', async () => {
    const at = world();
    const task = at.sandbox();
    const batch = at.push([sale(1_000), sale(2_000)], FIRST);
    await task(batch);
    await task.tick({ watermarkMs: 60_000 });
    expect(at.lines('rows/')).toMatchObject([{ shop: 'north', sales: 2, total: 2 }]);
    await task.tick({ watermarkMs: 60_000 });
    await at.sandbox().tick({ watermarkMs: 50_000 });
    await task(batch);
    expect(at.lines('rows/').length).toBe(1);
    expect(countsOf(at)).toEqual([
      { read: 2, duplicate: 0, applied: 2 },
      { read: 0, duplicate: 0, applied: 0 },
    ]);
    const [, slot] = at.slots();
    expect([slot!['from'], slot!['arr'], slot!['wm']]).toEqual([
      undefined,
      undefined,
      { N: '60000' },
    ]);
  });

  test('that changes nothing is not committed', async () => {
    const at = world();
    const task = at.sandbox();
    await task.tick();
    expect(at.slots()).toEqual([]);
    await task(at.push([sale(1_000)], FIRST));
    await task.tick();
    expect(at.slots().length).toBe(1);
  });

  test('makes late what its watermark has passed', async () => {
    const at = world();
    const task = at.sandbox();
    await task.tick({ watermarkMs: 120_000 });
    await task(at.push([sale(1_000), sale(130_000)], FIRST));
    expect(totals(at)).toEqual(['north 120000 1 1']);
  });

  test('of a stale sandbox is made on the newest head', async () => {
    const at = world();
    const stale = at.sandbox();
    await stale(at.push([sale(1_000)], FIRST));
    await at.sandbox()(at.push([sale(2_000)], SECOND));
    await stale.tick({ watermarkMs: 60_000 });
    expect(at.lines('rows/')).toMatchObject([{ shop: 'north', sales: 2, total: 2 }]);
  });

  test('has the time of the batch before it when the clock has gone back', async () => {
    const at = world();
    const task = at.sandbox();
    const before = at.clock.ms;
    await task(at.push([sale(1_000)], FIRST));
    at.clock.ms -= 60_000;
    await task.tick({ watermarkMs: 60_000 });
    expect(at.slots().map((slot) => Number(slot['t']!.N))).toEqual([before, before]);
  });

  test('keeps the last arrival of its shard, so that a later gap is found', async () => {
    const at = createEngineWorld({ plan: oneSource });
    const task = at.sandbox();
    await task(at.push([sale(1_000)]));
    const shard = { source: 'shops', shardId: 'shardId-000000000000' as never };
    await task.tick({ watermarkMs: 60_000, shard });
    expect(at.slots().length).toBe(2);
    at.push([sale(61_000)]);
    at.clock.ms += 400_000;
    await expect(at.sandbox()(at.push([sale(62_000)]))).rejects.toMatchObject({ code: 'gap' });
  });

  test('whose row no sink can store sets it aside, without a record to name', async () => {
    const rejecting = inOneTask(
      pipeline('sales')
        .from(kinesis<Sale>('shops').partitionedBy('shop'))
        .withWatermark('at', '10 seconds')
        .keyBy('shop')
        .window(tumbling('1 minute'))
        .aggregate({ sales: count() })
        .map(() => {
          throw new Error('no');
        })
        .to(
          foreachBatch('rows', () => {}),
          { mode: 'append' },
        )
        .plan(),
    );
    const at = world({ plan: rejecting });
    const task = at.sandbox();
    await task(at.push([sale(1_000)], FIRST));
    await task.tick({ watermarkMs: 60_000 });
    expect(at.lines('dead-letters/')).toMatchObject([
      { reason: 'operator-failed', shardId: null, sequenceNumber: null, subSequenceNumber: null },
    ]);
  });

  test('needs a shard to be named where each has a log of its own', async () => {
    const at = createEngineWorld({ plan: oneSource });
    await expect(at.sandbox().tick()).rejects.toMatchObject({ kind: 'internal' });
  });
});

test('records of several shards that have a log each are never one batch', async () => {
  const at = createEngineWorld({ plan: oneSource, shardCount: 2 });
  const mixed = [...at.push([sale(1_000)], FIRST), ...at.push([sale(2_000)], SECOND)];
  await expect(at.sandbox()(mixed)).rejects.toMatchObject({ kind: 'internal' });
  expect(at.slots()).toEqual([]);
});

test('a record of a stream that is no source is refused', async () => {
  const at = world();
  const [record] = at.push([sale(1_000)], FIRST);
  const foreign = { ...record!, eventSourceARN: 'arn:aws:kinesis:us-east-1:0:stream/other' };
  await expect(at.sandbox()([foreign])).rejects.toMatchObject({ kind: 'internal' });
});
