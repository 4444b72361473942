import { describe, expect, test } from 'vitest';
import { count, dynamodb, kinesis, pipeline, s3, sum, tumbling } from '../../../lib/index.ts';
import type { DeliveredRecord } from '../../../lib/model/record.ts';
import { createEngineWorld, Death, type WorldOptions } from '../../support/engine-world.ts';
import { encodeAggregate } from '../../support/kpl.ts';
import type { SentCall } from '../../support/model-clients.ts';

interface Sale {
  readonly at: number;
  readonly shop: string;
  readonly amount: number;
}

const plan = pipeline('sales')
  .from(kinesis<Sale>('events').partitionedBy('shop'))
  .withWatermark('at', '10 seconds')
  .keyBy('shop')
  .window(tumbling('1 minute'))
  .aggregate({ sales: count(), total: sum('amount') })
  .onLate(s3('late'))
  .to(dynamodb('rows'), { mode: 'update' })
  .to(s3('rows'), { mode: 'append' })
  .plan();

/** The one source of the plan, with a log for each shard. */
const EVENTS = {
  sources: new Map([['arn:aws:kinesis:us-east-1:000000000000:stream/events', 'events']]),
  inOneTask: false,
};
const sale = (at: number, shop = 'north', amount = 1): Sale => ({ at, shop, amount });
const world = (options: Partial<WorldOptions> = {}) => createEngineWorld({ plan, ...options });
type World = ReturnType<typeof world>;

/** Sales and totals by shop and window, as a plain computation gives them. */
function naive(sales: readonly Sale[]) {
  const rows = new Map<string, { shop: string; start: number; sales: number; total: number }>();
  for (const { at, shop, amount } of sales) {
    const start = Math.floor(at / 60_000) * 60_000;
    const key = JSON.stringify([shop, start]);
    const row = rows.get(key) ?? { shop, start, sales: 0, total: 0 };
    rows.set(key, { ...row, sales: row.sales + 1, total: row.total + amount });
  }
  return [...rows.values()]
    .map(({ shop, start, sales, total }) => ({
      shop,
      windowStart: new Date(start).toISOString(),
      windowEnd: new Date(start + 60_000).toISOString(),
      sales,
      total,
    }))
    .sort(byText);
}

const byText = (left: object, right: object) =>
  canonical(left) < canonical(right) ? -1 : canonical(left) > canonical(right) ? 1 : 0;
const canonical = (row: object) => JSON.stringify(Object.entries(row).sort());
const tableOf = (at: World) =>
  at
    .tableRows()
    .map((row) => ({ ...row }))
    .sort(byText);
const expectTable = (at: World, sales: readonly Sale[]) =>
  expect(tableOf(at).map(canonical)).toEqual(naive(sales).sort(byText).map(canonical));

const morning = [sale(1_000), sale(2_000, 'south', 5), sale(61_000, 'north', 2)];
const noon = [sale(62_000, 'south', 3), sale(63_000), sale(125_000, 'north', 4)];
const night = [sale(190_000, 'south'), sale(191_000), sale(260_000, 'east', 9)];
const all = [...morning, ...noon, ...night];

describe('a partition task', () => {
  test('applies batches, publishes changed rows at once and closed windows as they close', async () => {
    const at = world();
    const task = at.sandbox();
    await task(at.push(morning));
    expectTable(at, morning);
    expect(at.lines('rows/')).toEqual([]);
    await task(at.push(noon));
    await task(at.push(night));
    expectTable(at, all);
    expect(at.lines('rows/').sort(byText).map(canonical)).toEqual(
      naive(all.filter(({ at: time }) => time < 240_000))
        .filter(({ windowEnd }) => Date.parse(windowEnd) <= 250_000)
        .sort(byText)
        .map(canonical),
    );
  });

  test('costs one write and no read of log and checkpoints when warm at the head', async () => {
    const at = world();
    const task = at.sandbox();
    await task(at.push(morning));
    at.calls.length = 0;
    await task(at.push(noon));
    const engineCalls = at.calls.filter(
      ({ input }) => input['TableName'] === 'log' || input['Bucket'] === 'engine',
    );
    expect(engineCalls.map(({ operation }) => operation)).toEqual(['PutItem']);
  });

  test('drops a batch that is delivered again, in the same sandbox or in another', async () => {
    const at = world();
    const task = at.sandbox();
    const batch = at.push(morning);
    await task(batch);
    await task(batch);
    await at.sandbox()(batch);
    expectTable(at, morning);
    expect(at.slots().length).toBe(1);
  });

  test('drops by position when a retry ends elsewhere', async () => {
    const at = world();
    const batch = at.push(all);
    await at.sandbox()(batch.slice(0, 4));
    await at.sandbox()(batch.slice(0, 7));
    await at.sandbox()(batch.slice(2));
    expectTable(at, all);
    const counts = at.slots().map((slot) => slot['cnt']!.L!.map(({ N }) => Number(N)));
    expect(counts.map(([read, duplicate]) => [read, duplicate])).toEqual([
      [4, 0],
      [7, 4],
      [7, 5],
    ]);
  });

  test('counts two puts of equal bytes twice', async () => {
    const at = world();
    const twice = [sale(1_000), sale(1_000)];
    await at.sandbox()(at.push(twice));
    expectTable(at, twice);
  });

  test('that is stale is fenced, folds the winners and goes on', async () => {
    const at = world();
    const stale = at.sandbox();
    const other = at.sandbox();
    await stale(at.push(morning));
    const second = at.push(noon);
    await other(second);
    await other(at.push(night));
    const last = [sale(261_000)];
    await stale([...second, ...at.push(last)]);
    expectTable(at, [...all, ...last]);
  });

  test('that is laps behind recovers from the checkpoint', async () => {
    const at = world({ ringSize: 4 });
    const stale = at.sandbox();
    await stale(at.push(morning));
    const other = at.sandbox();
    const sales = [...morning];
    for (let minute = 5; minute < 17; minute += 1) {
      const batch = [sale(minute * 60_000)];
      sales.push(...batch);
      await other(at.push(batch));
    }
    const last = [sale(17 * 60_000)];
    await stale(at.push(last));
    expectTable(at, [...sales, ...last]);
    expect(at.slots().length).toBe(4);
  });

  test('spills a body above the inline limit and recovers from it', async () => {
    const at = world({ task: { inlineBodyBytesMax: 0 } });
    await at.sandbox()(at.push(morning));
    await at.sandbox()(at.push([...noon, ...night]));
    expectTable(at, all);
    expect(at.slots().every((slot) => slot['ref'] !== undefined)).toBe(true);
  });

  test('commits prefixes of a batch whose delta is too large', async () => {
    const at = world({ task: { deltaBytesMax: 1 } });
    await at.sandbox()(at.push(all));
    expectTable(at, all);
    expect(at.slots().length).toBeGreaterThan(1);
  });

  test('stops before its deadline and names the first record that is not committed', async () => {
    const at = world({ task: { deltaBytesMax: 1 } });
    const batch = at.push(all);
    let commits = 0;
    const task = at.sandbox({
      beforeReply: ({ operation, input }) => {
        if (operation === 'PutItem' && input['TableName'] === 'log') commits += 1;
        if (commits === 2 && input['TableName'] === 'rows') at.clock.ms += 59_000;
      },
    });
    const { batchItemFailures } = await task(batch);
    const named = batch.findIndex(
      ({ kinesis: { sequenceNumber } }) => sequenceNumber === batchItemFailures[0]?.itemIdentifier,
    );
    expect(named).toBeGreaterThan(0);
    await at.sandbox()(batch.slice(named));
    expectTable(at, all);
  });

  test('writes lineage and checkpoints by maintenance, from which a cold task goes on', async () => {
    const at = world({ ringSize: 1_024 });
    const task = at.sandbox();
    const sales: Sale[] = [];
    for (let second = 0; second < 256; second += 1) {
      const batch = [sale(second * 1_000, second % 2 === 0 ? 'north' : 'south')];
      sales.push(...batch);
      await task(at.push(batch));
    }
    expect(await at.maintain()).toMatchObject({ logs: 1, folded: 1 });
    expect(await at.maintain()).toMatchObject({ folded: 0 });
    at.calls.length = 0;
    const last = [sale(256_000)];
    await at.sandbox()(at.push(last));
    expectTable(at, [...sales, ...last]);
    const reads = at.calls.filter(({ operation }) => operation === 'Query');
    expect(reads.length).toBe(1);
  });

  test('falls back to the older checkpoint when the newest is damaged', async () => {
    const at = world({ ringSize: 4 });
    const task = at.sandbox();
    const sales: Sale[] = [];
    for (let minute = 0; minute < 11; minute += 1) {
      const batch = [sale(minute * 60_000)];
      sales.push(...batch);
      await task(at.push(batch));
    }
    const { newest } = JSON.parse(pointerOf(at)['ptr']!.S) as {
      newest: { manifest: { key: string } };
    };
    at.call('s3', 'PutObject', {
      Bucket: 'engine',
      Key: newest.manifest.key,
      Body: Buffer.from('{}'),
    });
    const last = [sale(11 * 60_000)];
    await at.sandbox()(at.push(last));
    expectTable(at, [...sales, ...last]);
  });

  test('is maintained again after its newest manifest was lost', async () => {
    const at = world({ ringSize: 1_024 });
    const task = at.sandbox();
    const sales: Sale[] = [];
    const pushMany = async (batchCount: number) => {
      for (let index = 0; index < batchCount; index += 1) {
        const batch = [sale(sales.length * 1_000)];
        sales.push(...batch);
        await task(at.push(batch));
      }
    };
    await pushMany(256);
    await at.maintain();
    await pushMany(256);
    await at.maintain();
    const { newest } = JSON.parse(pointerOf(at)['ptr']!.S) as {
      newest: { manifest: { key: string } };
    };
    at.call('s3', 'DeleteObject', { Bucket: 'engine', Key: newest.manifest.key });
    expect(await at.maintain()).toMatchObject({ folded: 1 });
    const last = [sale(sales.length * 1_000)];
    await at.sandbox()(at.push(last));
    expectTable(at, [...sales, ...last]);
  });

  test('takes a missing commit for corruption, never for the end of the log', async () => {
    const at = world();
    const task = at.sandbox();
    await task(at.push(morning));
    await task(at.push(noon));
    at.call('dynamodb', 'DeleteItem', {
      TableName: 'log',
      Key: { pk: { S: at.log }, sk: { N: '1' } },
    });
    await expect(at.sandbox()(at.push(night))).rejects.toMatchObject({ code: 'log-corrupt' });
  });

  test('of an older deploy refuses a head that a newer one wrote', async () => {
    const at = world();
    const identity = (deployEpoch: number) => ({
      identity: {
        pipeline: plan.name,
        stage: '1',
        ...EVENTS,
        planHash: plan.hash,
        isKeyed: true,
        codeHash: 'code',
        deployEpoch,
        ringSize: 8,
      },
    });
    await at.sandbox({}, identity(2))(at.push(morning));
    const before = at.slots();
    await expect(at.sandbox({}, identity(1))(at.push(noon))).rejects.toMatchObject({
      code: 'older-deploy',
    });
    expect(at.slots()).toEqual(before);
  });

  test('refuses a head of another plan', async () => {
    const at = world();
    await at.sandbox()(at.push(morning));
    const other = at.sandbox(
      {},
      {
        identity: {
          pipeline: plan.name,
          stage: '1',
          ...EVENTS,
          planHash: 'ffffffffffffffff',
          isKeyed: true,
          codeHash: 'code',
          deployEpoch: 1,
          ringSize: 8,
        },
      },
    );
    await expect(other(at.push(noon))).rejects.toMatchObject({ code: 'unknown-plan' });
  });

  test('stops when records between the head and a late batch were lost, or records the gap', async () => {
    const at = world();
    await at.sandbox()(at.push(morning));
    at.clock.ms += 3_600_000;
    at.push(noon);
    const [, later] = [at.clock.ms, at.push(night)];
    await expect(at.sandbox()(later)).rejects.toMatchObject({ code: 'gap' });
    await at.sandbox({}, { onGap: 'warn' })(later);
    expect(at.slots().at(-1)?.['gap']?.S).toContain('before');
  });

  test('sees that the rest of a packed record was given up, of which it had committed a part', async () => {
    const at = world({ task: { deltaBytesMax: 1 } });
    const packed = all.map((one) => ({ partitionKey: one.shop, data: JSON.stringify(one) }));
    const pack = at.push([encodeAggregate(packed)]);
    let commits = 0;
    const dying = at.sandbox({
      beforeApply: ({ operation, input }) => {
        if (operation === 'PutItem' && input['TableName'] === 'log') commits += 1;
        if (commits === 2) throw new Death();
      },
    });
    await expect(dying(pack)).rejects.toThrow();
    at.clock.ms += 3_600_000;
    const later = at.push(night);
    await expect(at.sandbox()(later)).rejects.toMatchObject({ code: 'gap' });
    await at.sandbox({}, { onGap: 'warn' })(later);
    const gap = JSON.parse(at.slots()[1]!['gap']!.S!);
    const { sequenceNumber } = pack[0]!.kinesis;
    expect(gap).toMatchObject({ kind: 'lost', after: { sequenceNumber } });
  });

  test('finds no gap after a packed record that was committed to its end', async () => {
    const at = world();
    const packed = all.map((one) => ({ partitionKey: one.shop, data: JSON.stringify(one) }));
    await at.sandbox()(at.push([encodeAggregate(packed)]));
    at.clock.ms += 3_600_000;
    await at.sandbox()(at.push(night));
    expect(at.slots().at(-1)?.['gap']).toBeUndefined();
  });

  test('records a loss that cannot be ruled out when the head itself has left the stream', async () => {
    const at = world();
    await at.sandbox()(at.push(morning));
    at.push(noon);
    at.clock.ms += 25 * 3_600_000;
    await at.sandbox()(at.push(night));
    expect(at.slots().at(-1)?.['gap']?.S).toContain('"kind":"unprovable"');
    expect(at.logged).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('cannot be ruled out') }),
    );
  });

  test('takes a shard that was quiet for less than its retention without a gap', async () => {
    const at = world();
    await at.sandbox()(at.push(morning));
    at.clock.ms += 23 * 3_600_000;
    await at.sandbox()(at.push(night));
    expect(at.slots().at(-1)?.['gap']).toBeUndefined();
  });

  test('commits prefixes of a batch that gives a table too many rows', async () => {
    const at = world({ task: { tableRowsMax: 2 } });
    await at.sandbox()(at.push(all));
    expectTable(at, all);
    expect(at.slots().length).toBeGreaterThan(3);
  });

  test('that is stale takes what others committed meanwhile for no gap', async () => {
    const at = world({ task: { onGap: 'fail' } });
    const stale = at.sandbox();
    await stale(at.push(morning));
    at.clock.ms += 600_000;
    await at.sandbox()(at.push(noon));
    at.clock.ms += 600_000;
    await stale(at.push(night));
    expectTable(at, all);
    expect(at.slots().some((slot) => slot['gap'] !== undefined)).toBe(false);
  });

  test('stops when a log would begin after the oldest record of its shard', async () => {
    const at = world();
    at.push(morning);
    at.clock.ms += 3_600_000;
    const later = at.push(noon);
    await expect(at.sandbox()(later)).rejects.toMatchObject({ code: 'gap' });
    await at.sandbox({}, { onGap: 'warn' })(later);
    expect(at.slots().at(-1)?.['gap']?.S).toContain('"kind":"lost","after":null');
  });

  test('finds no gap when the stream holds exactly the record that was delivered', async () => {
    const at = world();
    await at.sandbox()(at.push(morning));
    at.clock.ms += 3_600_000;
    await at.sandbox()(at.push(noon));
    expectTable(at, [...morning, ...noon]);
    expect(at.slots().at(-1)?.['gap']).toBeUndefined();
  });
});

describe('a record that kills the process', () => {
  test('ends as a dead letter, alone, and its neighbours are all counted', async () => {
    let alive = true;
    const poisonAt = 5;
    const at = world({
      wrap: (executable) => ({
        ...executable,
        processBatch: (input) => {
          const { decoded, from, to } = input;
          const covers = Array.from({ length: to - from }, (_, index) =>
            decoded.positionOf(from + index),
          ).some(
            ({ sequenceNumber }) => sequenceNumber === batch[poisonAt]!.kinesis.sequenceNumber,
          );
          if (covers && input.setAside === null) {
            alive = false;
            throw new Death();
          }
          return executable.processBatch(input);
        },
      }),
    });
    const batch: DeliveredRecord[] = at.push(all);
    let deaths = 0;
    for (; deaths < 20; deaths += 1) {
      alive = true;
      const task = at.sandbox({
        beforeApply: () => {
          if (!alive) throw new Death();
        },
      });
      try {
        await task(batch);
        break;
      } catch (error) {
        if (alive) throw error;
      }
    }
    expect(deaths).toBeLessThanOrEqual(8);
    expectTable(
      at,
      all.filter((_, index) => index !== poisonAt),
    );
    expect(at.lines('dead-letters/')).toMatchObject([
      { reason: 'poison', sequenceNumber: batch[poisonAt]!.kinesis.sequenceNumber },
    ]);
  });

  test('is not taken to be one that merely met dying processes', async () => {
    const at = world();
    const batch = at.push([sale(1_000, 'north'.repeat(3_000))]);
    for (let k = 1; k < 60; k += 1) {
      let callCount = 0;
      const task = at.sandbox({
        beforeApply: () => {
          callCount += 1;
          if (callCount >= k) throw new Death();
        },
      });
      try {
        await task(batch);
        break;
      } catch {}
    }
    expect(at.tableRows().length).toBe(1);
    expect(at.lines('dead-letters/')).toEqual([]);
  });

  test('is not looked for while the log refuses every write', async () => {
    const at = world();
    const batch = at.push(morning);
    let throttled = true;
    let noteCount = 0;
    const task = at.sandbox({
      beforeApply: ({ operation, input }) => {
        if (operation === 'UpdateItem') noteCount += 1;
        const isNote = operation === 'UpdateItem' && noteCount % 2 === 1;
        if (
          throttled &&
          !isNote &&
          input['TableName'] === 'log' &&
          operation !== 'GetItem' &&
          operation !== 'Query'
        ) {
          throw new Error('throttled');
        }
      },
    });
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await expect(task(batch)).rejects.toMatchObject({ kind: 'unavailable' });
    }
    throttled = false;
    await task(batch);
    expectTable(at, morning);
    expect(at.lines('dead-letters/')).toEqual([]);
  });

  test('is not looked for when attempts fail for another reason', async () => {
    const at = world();
    const batch = at.push(morning);
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const task = at.sandbox({
        beforeApply: ({ operation, input }) => {
          if (operation === 'PutItem' && input['TableName'] === 'log') throw new Error('down');
        },
      });
      await expect(task(batch)).rejects.toMatchObject({ kind: 'unavailable' });
    }
    await at.sandbox()(batch);
    expectTable(at, morning);
    expect(at.slots().length).toBe(1);
  });
});

describe('a crash at any call', () => {
  type Kind = 'beforeApply' | 'beforeReply';
  const kinds: Kind[] = ['beforeApply', 'beforeReply'];

  /** Runs three batches; the sandbox dies at its k-th call, and the batch is delivered again. */
  async function runWithDeathAt(k: number, kind: Kind, ringSize: number): Promise<World | null> {
    const at = world({ ringSize, task: { inlineBodyBytesMax: 200 } });
    let callCount = 0;
    let isDead = false;
    const dying = at.sandbox({
      beforeApply: () => {
        if (isDead) throw new Death();
      },
      [kind]: (_: SentCall) => {
        callCount += 1;
        if (callCount === k || isDead) {
          isDead = true;
          throw new Death();
        }
      },
    });
    let task = dying;
    for (const sales of [morning, noon, night, [sale(400_000)], [sale(500_000)], [sale(600_000)]]) {
      const batch = at.push(sales);
      try {
        await task(batch);
      } catch {
        task = at.sandbox();
        await task(batch);
      }
    }
    return isDead ? at : null;
  }

  for (const kind of kinds) {
    for (const ringSize of [4, 64]) {
      test(`(${kind}, ${ringSize} slots) loses nothing and counts nothing twice`, async () => {
        let k = 1;
        for (; ; k += 1) {
          const at = await runWithDeathAt(k, kind, ringSize);
          if (at === null) break;
          expectTable(at, [...all, sale(400_000), sale(500_000), sale(600_000)]);
          const closed = at.lines('rows/').map(({ shop, windowStart }) => `${shop} ${windowStart}`);
          expect(new Set(closed).size).toBe(closed.length);
        }
        expect(k).toBeGreaterThan(20);
      });
    }
  }
});

function pointerOf(at: World): Record<string, { S: string }> {
  const { Item: item } = at.call('dynamodb', 'GetItem', {
    TableName: 'log',
    Key: { pk: { S: at.log }, sk: { N: '-1' } },
    ConsistentRead: true,
  }) as unknown as { Item: Record<string, { S: string }> };
  return item;
}
