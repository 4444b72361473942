import { describe, expect, test } from 'vitest';
import { count, dynamodb, kinesis, pipeline } from '../../../lib/index.ts';
import { createEngineWorld, Death } from '../../support/engine-world.ts';
import type { SentCall } from '../../support/model-clients.ts';

interface Sale {
  readonly shop: string;
}

const plan = pipeline('sales')
  .from(kinesis<Sale>('events').partitionedBy('shop'))
  .keyBy('shop')
  .aggregate({ sales: count() })
  .to(dynamodb('rows'), { mode: 'update' })
  .plan();

const RING_SIZE = 4;
const DAY_MS = 24 * 3_600_000;

type World = ReturnType<typeof createEngineWorld>;

function world() {
  const at = createEngineWorld({ plan, ringSize: RING_SIZE, task: { inlineBodyBytesMax: 0 } });
  const task = at.sandbox();
  const commit = async (batchCount: number) => {
    for (let batch = 0; batch < batchCount; batch += 1) await task(at.push([{ shop: 'north' }]));
  };
  return { at, commit };
}

interface Checkpoint {
  readonly batchNumber: number;
  readonly manifest: { readonly key: string };
}

function newestOf(at: World): Checkpoint {
  const Key = { pk: { S: at.log }, sk: { N: '-1' } };
  const { Item: item } = at.call('dynamodb', 'GetItem', { TableName: 'log', Key }) as unknown as {
    Item: { ptr: { S: string } };
  };
  return (JSON.parse(item.ptr.S) as { newest: Checkpoint }).newest;
}

function textOf(at: World, Key: string): string {
  const stored = at.call('s3', 'GetObject', { Bucket: 'engine', Key });
  return Buffer.from((stored as unknown as { Body: Uint8Array }).Body).toString('utf8');
}

const commits = ({ operation, input }: SentCall) =>
  operation === 'PutItem' && input['TableName'] === 'log';

describe('a checkpoint', () => {
  test('keeps the body of its own batch while that batch is the head', async () => {
    const { at, commit } = world();
    await commit(RING_SIZE);
    const batch = at.push([{ shop: 'north' }]);
    const dies = at.sandbox({
      beforeApply: (call) => {
        if (commits(call)) throw new Death('before the commit, after the fold for its slot');
      },
    });
    await expect(dies(batch)).rejects.toThrow();
    const newest = newestOf(at);
    expect(newest.batchNumber).toBe(RING_SIZE);
    at.call('s3', 'DeleteObject', { Bucket: 'engine', Key: newest.manifest.key });
    at.clock.ms += DAY_MS + 1;
    expect(await at.maintain()).toMatchObject({ folded: 1 });
    await at.sandbox()(batch);
    expect(at.tableRows()).toEqual([{ shop: 'north', sales: RING_SIZE + 1 }]);
  });

  test('has the lineage of the batches after the one that its fold began with', async () => {
    const { at, commit } = world();
    await commit(RING_SIZE - 1);
    let wrapCount = 0;
    await at.maintain({
      async beforeApply({ operation, input }) {
        const { ':first': first } = (input['ExpressionAttributeValues'] ?? {}) as {
          ':first'?: { N: string };
        };
        if (operation !== 'Query' || first?.N !== '0') return;
        wrapCount += 1;
        // The fold has taken the first lap but for slot 0; before it reads on, a later lap is there.
        if (wrapCount === 2) await commit(2 * RING_SIZE);
      },
    });
    const { batchNumber, manifest } = newestOf(at);
    const { lineage } = JSON.parse(textOf(at, manifest.key)) as { lineage: { key: string } };
    const lines = textOf(at, lineage.key).trimEnd().split('\n').slice(1);
    const described = lines.map((line) => (JSON.parse(line) as Checkpoint).batchNumber);
    const first = described[0]!;
    expect(first).toBeGreaterThan(RING_SIZE);
    expect(described).toEqual(
      Array.from({ length: batchNumber + 1 - first }, (_, index) => first + index),
    );
  });

  test('removes by the clock of the store alone what another fold may still need', async () => {
    const { at, commit } = world();
    await commit(RING_SIZE - 1);
    await at.maintain();
    await commit(RING_SIZE - 1);
    const Key = `manifests/${at.log}/000000000009-of-another-fold.json`;
    await at.maintain({
      beforeApply({ operation, input }) {
        const isMove = operation === 'UpdateItem' && JSON.stringify(input).includes('ptr');
        if (isMove) at.call('s3', 'PutObject', { Bucket: 'engine', Key, Body: new Uint8Array(1) });
        if (operation === 'ListObjectsV2') at.clock.ms += 3_650 * DAY_MS;
      },
    });
    expect(textOf(at, Key)).toHaveLength(1);
    at.clock.ms += DAY_MS + 1;
    await commit(RING_SIZE - 1);
    await at.maintain();
    expect(() => textOf(at, Key)).toThrow();
  });
});
