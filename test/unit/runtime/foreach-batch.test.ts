import { describe, expect, test } from 'vitest';
import {
  type BatchContext,
  count,
  Decimal,
  decimal,
  foreachBatch,
  kinesis,
  noop,
  pipeline,
  s3,
  sum,
  tumbling,
} from '../../../lib/index.ts';
import type { CommitHeader, OutboxEntry } from '../../../lib/model/commit.ts';
import { type PublishPorts, publishOutbox } from '../../../lib/runtime/publish.ts';
import { createEngineWorld, Death, type WorldOptions } from '../../support/engine-world.ts';

interface Sale {
  readonly at: number;
  readonly shop: string;
  readonly amount: number;
}

interface Call {
  readonly rows: readonly unknown[];
  readonly batchId: string;
}

type Apply = (rows: readonly unknown[], batchId: string, context: BatchContext) => unknown;

const source = pipeline('sales').from(kinesis<Sale>('events').partitionedBy('shop'));
const sale = (at: number, shop = 'north', amount = 1): Sale => ({ at, shop, amount });
const first = [sale(1_000), sale(2_000, 'south', 5), sale(3_000, 'north', 2)];
const second = [sale(4_000, 'south', 3), sale(5_000)];
const third = [sale(6_000, 'east', 9)];

/** Rows as they come go to a function that remembers its calls before it does anything else. */
function recording(apply: Apply = () => {}, name = 'receipts') {
  const calls: Call[] = [];
  const sink = foreachBatch<unknown>(name, (rows, batchId, context) => {
    calls.push({ rows: structuredClone(rows), batchId });
    return apply(rows, batchId, context);
  });
  return { calls, sink };
}

function salesWorld(apply?: Apply, options: Partial<WorldOptions> = {}) {
  const { calls, sink } = recording(apply);
  const plan = source.to(sink, { mode: 'append' }).plan();
  return { calls, plan, at: createEngineWorld({ plan, ...options }) };
}

/** Rows of each batch once, whatever was repeated; a repeat with other rows is an error. */
function distinct(calls: readonly Call[]): readonly (readonly unknown[])[] {
  const batches = new Map<string, readonly unknown[]>();
  for (const { rows, batchId } of calls) {
    expect(rows).toEqual(batches.get(batchId) ?? rows);
    batches.set(batchId, rows);
  }
  return [...batches.values()];
}

/** Groups of one batch come out in no particular order. */
const sorted = (batches: readonly (readonly unknown[])[]) =>
  batches.map((rows) => rows.map((row) => JSON.stringify(row)).sort());
const sortedRows = (calls: readonly Call[]) => sorted(calls.map(({ rows }) => rows));

const idsOf = (calls: readonly Call[]) => calls.map(({ batchId }) => batchId);

describe('the function of a sink', () => {
  test('gets the rows of each batch once, in order, under an id of its own', async () => {
    const { at, calls } = salesWorld();
    const task = at.sandbox();
    for (const batch of [first, second, third]) await task(at.push(batch));
    expect(calls.map(({ rows }) => rows)).toEqual([first, second, third]);
    expect(idsOf(calls)).toEqual([
      expect.stringMatching(/^foreach-batch-receipts-[0-9a-f]{16}-shardId-000000000000-1$/),
      expect.stringMatching(/^foreach-batch-receipts-[0-9a-f]{16}-shardId-000000000000-2$/),
      expect.stringMatching(/^foreach-batch-receipts-[0-9a-f]{16}-shardId-000000000000-3$/),
    ]);
  });

  test('is called after the commit of its batch and before the next one', async () => {
    const slotCounts: number[] = [];
    const world: { at?: ReturnType<typeof createEngineWorld> } = {};
    const { at } = salesWorld(async () => {
      await Promise.resolve();
      slotCounts.push(world.at!.slots().length);
    });
    world.at = at;
    const task = at.sandbox();
    for (const batch of [first, second, third]) await task(at.push(batch));
    expect(slotCounts).toEqual([1, 2, 3]);
  });

  test('is not called for a batch without rows', async () => {
    const { calls, sink } = recording();
    const plan = source
      .filter(({ amount }) => amount > 4)
      .to(sink, { mode: 'append' })
      .plan();
    const at = createEngineWorld({ plan });
    const task = at.sandbox();
    for (const batch of [first, second, third]) await task(at.push(batch));
    expect(calls.map(({ rows }) => rows)).toEqual([[first[1]], third]);
  });

  test('may be no async function, and return anything', async () => {
    const { at, calls } = salesWorld((rows) => rows.length);
    await at.sandbox()(at.push(first));
    expect(calls.map(({ rows }) => rows)).toEqual([first]);
  });

  test('gets rows as they are stored: text, plain numbers, nothing that was undefined', async () => {
    const { calls, sink } = recording();
    const plan = source
      .map(({ amount }) => ({
        when: new Date(0),
        price: new Decimal(BigInt(amount) * 100n, 2),
        zero: -0,
        missing: undefined,
        nested: { list: [null, true, 'a\nb'], ['__proto__']: 1 },
        wrong: amount === 5 ? Number.NaN : 0.1,
      }))
      .to(sink, { mode: 'append' })
      .plan();
    const at = createEngineWorld({ plan });
    await at.sandbox()(at.push(first));
    const row = (price: string) =>
      JSON.parse(
        `{"when":"1970-01-01T00:00:00.000Z","price":"${price}","zero":0,
          "nested":{"list":[null,true,"a\\nb"],"__proto__":1},"wrong":0.1}`,
      ) as unknown;
    expect(calls.map(({ rows }) => rows)).toEqual([[row('1.00'), row('2.00')]]);
    expect(Object.is((calls[0]!.rows[0] as { zero: number }).zero, 0)).toBe(true);
    expect(at.lines('dead-letters/')).toMatchObject([{ reason: 'not-storable' }]);
  });

  test('gets closed windows, changed groups or all groups, by mode, and late rows', async () => {
    const windows = source
      .withWatermark('at', '1 second')
      .keyBy('shop')
      .window(tumbling('10 seconds'))
      .aggregate({ sales: count(), total: sum('amount') });
    const [appended, updated, late] = ['appended', 'updated', 'late'].map((name) =>
      recording(() => {}, name),
    );
    const both = windows
      .onLate(late!.sink)
      .to(appended!.sink, { mode: 'append' })
      .to(updated!.sink, { mode: 'update' })
      .plan();
    const batches = [[sale(1_000), sale(2_000, 'south', 5)], [sale(21_000)], [sale(3_000)]];
    const at = createEngineWorld({ plan: both });
    const task = at.sandbox();
    for (const batch of batches) await task(at.push(batch));
    const group = (shop: string, startS: number, total: number) => ({
      shop,
      windowStart: new Date(startS * 1_000).toISOString(),
      windowEnd: new Date((startS + 10) * 1_000).toISOString(),
      sales: 1,
      total,
    });
    const old = [group('north', 0, 1), group('south', 0, 5)];
    expect(sortedRows(appended!.calls)).toEqual(sorted([old]));
    expect(sortedRows(updated!.calls)).toEqual(sorted([old, [group('north', 20, 1)]]));
    expect(late!.calls.map(({ rows }) => rows)).toEqual([[sale(3_000)]]);
    const ids = [...idsOf(appended!.calls), ...idsOf(updated!.calls), ...idsOf(late!.calls)];
    expect(new Set(ids).size).toBe(ids.length);

    const complete = recording(() => {}, 'complete');
    const whole = createEngineWorld({
      plan: windows.to(complete.sink, { mode: 'complete' }).plan(),
    });
    const wholeTask = whole.sandbox();
    for (const batch of batches) await wholeTask(whole.push(batch));
    const north = { ...group('north', 0, 2), sales: 2 };
    const [south, newest] = [group('south', 0, 5), group('north', 20, 1)];
    const tables = [old, [...old, newest], [north, south, newest]];
    expect(sortedRows(complete.calls)).toEqual(sorted(tables));
  });

  test('gets exact decimals of an aggregation as text', async () => {
    const { calls, sink } = recording();
    const plan = pipeline('money')
      .from(kinesis<{ shop: string; price: string }>('events').partitionedBy('shop'))
      .keyBy('shop')
      .aggregate({ total: sum(decimal('price', { scale: 2 })) })
      .to(sink, { mode: 'update' })
      .plan();
    const at = createEngineWorld({ plan });
    await at.sandbox()(at.push(['0.10', '0.20'].map((price) => ({ shop: 'north', price }))));
    expect(calls.map(({ rows }) => rows)).toEqual([[{ shop: 'north', total: '0.30' }]]);
  });
});

describe('a batch that was not taken', () => {
  test('is handed over again with the same id and rows, before anything else is done', async () => {
    let failuresLeft = 2;
    const cause = new RangeError('the other side is down');
    const { at, calls } = salesWorld(async (rows) => {
      (rows as unknown[]).pop();
      if (failuresLeft > 0) {
        failuresLeft -= 1;
        throw cause;
      }
    });
    const task = at.sandbox();
    const batch = at.push(first);
    const failure = {
      kind: 'unavailable',
      code: 'batch-not-taken',
      message: expect.stringMatching(/foreach-batch-receipts.*RangeError: the other side is down/),
      cause,
    };
    await expect(task(batch)).rejects.toMatchObject(failure);
    expect(at.slots().length).toBe(1);
    await expect(task(batch)).rejects.toMatchObject(failure);
    await task(batch);
    await task(at.push(second));
    expect(calls.map(({ rows }) => rows)).toEqual([first, first, first, second]);
    expect(new Set(idsOf(calls).slice(0, 3)).size).toBe(1);
    expect(at.slots().length).toBe(2);
  });

  test.each([null, undefined, 'text', Object.create(null), new Death('no')])(
    'is not lost whatever the function rejects with: %j',
    async (thrown) => {
      let isFirst = true;
      const { at, calls } = salesWorld(async () => {
        if (!isFirst) return;
        isFirst = false;
        throw thrown;
      });
      const batch = at.push(first);
      const failed = await at
        .sandbox()(batch)
        .catch((error: unknown) => error);
      expect(failed).toMatchObject({ kind: 'unavailable', code: 'batch-not-taken' });
      expect((failed as Error).cause).toBe(thrown);
      await at.sandbox()(batch);
      expect(calls.map(({ rows }) => rows)).toEqual([first, first]);
    },
  );

  test('because the process died after the commit is handed over by the next sandbox', async () => {
    const { at, calls } = salesWorld();
    const dying = at.sandbox({
      beforeReply: ({ operation, input }) => {
        if (operation === 'PutItem' && input['TableName'] === 'log') throw new Death();
      },
      beforeApply: ({ operation }) => {
        if (operation === 'GetItem' && at.slots().length > 0) throw new Death();
      },
    });
    const batch = at.push(first);
    await expect(dying(batch)).rejects.toThrow();
    expect([at.slots().length, calls]).toEqual([1, []]);
    await at.sandbox()(batch);
    await at.sandbox()(batch);
    expect(distinct(calls)).toEqual([first]);
  });

  test('is handed over by a fenced sandbox that learns the head, with the same id and rows', async () => {
    let isDown = false;
    const { at, calls } = salesWorld(async () => {
      if (isDown) throw new Error('down');
    });
    const [winner, fencedEarly, fencedLate] = [at.sandbox(), at.sandbox(), at.sandbox()];
    const before = at.push(first);
    for (const task of [winner, fencedEarly, fencedLate]) await task(before);
    calls.length = 0;
    const batch = at.push(second);
    isDown = true;
    await expect(winner(batch)).rejects.toMatchObject({ code: 'batch-not-taken' });
    await expect(fencedEarly(batch)).rejects.toMatchObject({ code: 'batch-not-taken' });
    isDown = false;
    await fencedLate([...batch, ...at.push(third)]);
    expect(calls.map(({ rows }) => rows)).toEqual([second, second, second, third]);
    const ids = idsOf(calls);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).toBe(ids[0]!.replace(/-2$/, '-3'));
    expect(at.slots().length).toBe(3);
  });

  test('whose rows are too large for the commit comes back from where it was staged', async () => {
    let failuresLeft = 1;
    const { at, calls } = salesWorld(async () => {
      failuresLeft -= 1;
      if (failuresLeft === 0) throw new Error('down');
    });
    const many = Array.from({ length: 400 }, (_, index) => sale(index, `shop-${index}`, index / 7));
    const batch = at.push(many);
    await expect(at.sandbox()(batch)).rejects.toMatchObject({ code: 'batch-not-taken' });
    expect(
      at.calls.filter(({ input }) => String(input['Key']).startsWith('staged/')),
    ).toMatchObject([{ operation: 'PutObject' }, { operation: 'GetObject' }]);
    await at.sandbox()(batch);
    expect(calls.map(({ rows }) => rows)).toEqual([many, many]);
    expect(new Set(idsOf(calls)).size).toBe(1);
  });

  test('because a prefix failed stops the records behind it until it was taken', async () => {
    let failuresLeft = 1;
    const { at, calls } = salesWorld(
      async () => {
        failuresLeft -= 1;
        if (failuresLeft === 0) throw new Error('down');
      },
      { task: { tableRowsMax: 2 } },
    );
    const batch = at.push([...first, ...second]);
    await expect(at.sandbox()(batch)).rejects.toMatchObject({ code: 'batch-not-taken' });
    expect(at.slots().length).toBe(1);
    await at.sandbox()(batch);
    expect(distinct(calls).flat()).toEqual([...first, ...second]);
    expect(Math.max(...calls.map(({ rows }) => rows.length))).toBe(2);
  });

  test('leaves other sinks of its commit published', async () => {
    const { sink } = recording(() => {
      throw new Error('down');
    });
    const plan = source.to(sink, { mode: 'append' }).to(s3('rows'), { mode: 'append' }).plan();
    const at = createEngineWorld({ plan });
    const batch = at.push(first);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(at.sandbox()(batch)).rejects.toMatchObject({ code: 'batch-not-taken' });
    }
    expect(at.lines('rows/')).toEqual(first);
  });

  test('is never poison: no record is set aside for a function that fails', async () => {
    let isDown = true;
    const { at, calls } = salesWorld(async () => {
      if (isDown) throw new Death();
    });
    const batch = at.push(first);
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await expect(at.sandbox()(batch)).rejects.toThrow();
    }
    isDown = false;
    await at.sandbox()(batch);
    expect(distinct(calls)).toEqual([first]);
    expect(at.lines('dead-letters/')).toEqual([]);
  });
});

describe('a crash at any call', () => {
  const batches = [first, second, third, [sale(7_000, 'far'.repeat(4_000))], [sale(8_000)]];

  test.each(['beforeApply', 'beforeReply'] as const)(
    '(%s) loses no row, and repeats say what was said before',
    async (kind) => {
      let isDead = true;
      for (let k = 1; isDead; k += 1) {
        isDead = false;
        const { at, calls } = salesWorld(() => {}, { task: { inlineBodyBytesMax: 200 } });
        let callCount = 0;
        let task = at.sandbox({
          [kind]: () => {
            callCount += 1;
            isDead ||= callCount === k;
            if (isDead) throw new Death();
          },
        });
        for (const events of batches) {
          const batch = at.push(events);
          try {
            await task(batch);
          } catch {
            task = at.sandbox();
            await task(batch);
          }
        }
        expect(distinct(calls)).toEqual(batches);
        expect(at.slots().length).toBe(batches.length);
        if (!isDead) expect(k).toBeGreaterThan(10);
      }
    },
  );
});

describe('the deadline', () => {
  test('aborts the signal, and what returns after it counts as not done', async () => {
    const deadline = new AbortController();
    const seen: boolean[] = [];
    const { at, calls } = salesWorld(async (_rows, _id, { signal }) => {
      if (calls.length > 1) return;
      seen.push(signal.aborted);
      deadline.abort();
      seen.push(signal.aborted);
    });
    at.clock.abortAt = (deadlineMs) => {
      expect(deadlineMs).toBe(at.clock.ms + 58_000);
      return calls.length > 0 ? new AbortController().signal : deadline.signal;
    };
    const batch = at.push(first);
    await expect(at.sandbox()(batch)).rejects.toMatchObject({ code: 'batch-not-taken' });
    expect(seen).toEqual([false, true]);
    await at.sandbox()(batch);
    expect(calls.map(({ rows }) => rows)).toEqual([first, first]);
  });

  test('once passed, no function is called any more', async () => {
    const { at, calls } = salesWorld();
    const late = at.sandbox({
      beforeReply: ({ operation, input }) => {
        if (operation === 'PutItem' && input['TableName'] === 'log') at.clock.ms += 59_000;
      },
    });
    const batch = at.push(first);
    await expect(late(batch)).rejects.toMatchObject({ code: 'batch-not-taken' });
    expect([at.slots().length, calls]).toEqual([1, []]);
    await at.sandbox()(batch);
    expect(calls.map(({ rows }) => rows)).toEqual([first]);
  });
});

describe('rows of a sink that was taken out', () => {
  const files = source.to(s3('rows'), { mode: 'append' });

  test('are refused until the sink is restored, and then taken', async () => {
    const { calls, sink } = recording(() => {
      if (calls.length === 1) throw new Error('down');
    });
    const at = createEngineWorld({ plan: files.to(sink, { mode: 'append' }).plan() });
    const batch = at.push(first);
    await expect(at.sandbox()(batch)).rejects.toMatchObject({ code: 'batch-not-taken' });
    const without = at.sandbox({}, {}, files.plan());
    for (const records of [batch, at.push(second)]) {
      await expect(without(records)).rejects.toMatchObject({
        kind: 'invalid',
        code: 'sink-function-missing',
        message: expect.stringMatching(
          /'foreach-batch-receipts', which .* no longer has: restore .*noop\(\).*named\('foreach-batch-receipts'\)/,
        ),
      });
    }
    expect(at.slots().length).toBe(1);
    await at.sandbox()(batch);
    expect(calls.map(({ rows }) => rows)).toEqual([first, first]);
  });

  test('are dropped by a noop sink of its name, and only by that', async () => {
    const { calls, sink } = recording();
    const at = createEngineWorld({ plan: files.to(sink, { mode: 'append' }).plan() });
    await at.sandbox()(at.push(first));
    const other = at.sandbox({}, {}, files.to(noop(), { mode: 'append' }).plan());
    const batch = at.push(second);
    await expect(other(batch)).rejects.toMatchObject({ code: 'sink-function-missing' });
    const dropping = files.to(noop(), { mode: 'append' }).named('foreach-batch-receipts');
    await at.sandbox({}, {}, dropping.plan())(batch);
    const without = at.sandbox({}, {}, files.plan());
    await without(at.push(third));
    expect(calls.map(({ rows }) => rows)).toEqual([first]);
    expect(at.lines('rows/')).toEqual([...first, ...second, ...third]);
  });
});

test('a sink without a function is refused when the pipeline is built', () => {
  const sink = foreachBatch<unknown>('receipts', 'no function' as unknown as () => void);
  expect(() => source.to(sink, { mode: 'append' }).plan()).toThrow(
    "'foreach-batch-receipts' needs a function for rows",
  );
  const nameless = foreachBatch<unknown>('no name', () => {});
  expect(() => source.to(nameless, { mode: 'append' }).plan()).toThrow('sink-name-invalid');
});

test('rows for a place that this version does not know are refused', async () => {
  const target = { kind: 'queue', queueName: 'receipts' } as unknown as OutboxEntry['target'];
  const payload = { kind: 'inline', bytes: new Uint8Array() } as const;
  const outbox: OutboxEntry[] = [
    { sinkUid: 'queue-receipts', role: 'rows', target, rowCount: 0, payload },
  ];
  await expect(
    publishOutbox({} as PublishPorts, { header: {} as CommitHeader, outbox }, 0),
  ).rejects.toMatchObject({ kind: 'data', code: 'unknown-target' });
});
