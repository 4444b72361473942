// The pipelines that the campaigns run, each with another part of the engine in front: windows that
// close, bodies that are spilled, commits of prefixes, records that end their process, packed records
// and resharding, a mapping that gives records up.

import {
  count,
  decimal,
  dynamodb,
  foreachBatch,
  kinesis,
  pipeline,
  s3,
  sliding,
  sum,
  tumbling,
} from '../../../lib/index.ts';
import { encodeAggregate } from '../../support/kpl.ts';
import {
  doubledSales,
  runningSales,
  type Sale,
  salesAfterEachBatch,
  salesByWindow,
} from '../oracle.ts';
import { arrivalsOf, closingSales } from './arrivals.ts';
import { type BuildScenario, bursts } from './build.ts';
import { deletingRows } from './deleting-rows.ts';
import { keepingRows } from './keeping-rows.ts';
import { distinctVisits, joinedStreams, rungReports } from './state-by-key.ts';

type Priced = Sale & Required<Pick<Sale, 'price'>>;

/** A rising window, a table and files, on a ring that wraps several times. */
const windowedSales: BuildScenario = (seed, size) => ({
  name: 'windowed-sales',
  plan: () =>
    pipeline('sales')
      .from(kinesis<Sale>('events').partitionedBy('shop'))
      .filter(({ amount }) => amount !== 7)
      .withWatermark('at', '10 seconds')
      .keyBy('shop')
      .window(tumbling('1 minute'))
      .aggregate({ sales: count(), total: sum('amount') })
      .onLate(s3('late'))
      .to(dynamodb('rows'), { mode: 'update' })
      .to(s3('rows'), { mode: 'append' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 16, 4),
    burstMax: bursts(size, 8, 3),
    pauseMaxMs: 40_000,
  }),
  shardCount: size === 'full' ? 2 : 1,
  ringSize: size === 'full' ? 6 : 4,
  batchSize: 10,
  expected: (shards) =>
    salesByWindow(shards, {
      sizeMs: 60_000,
      slideMs: 60_000,
      delayMs: 10_000,
      complete: false,
      ignoredAmount: 7,
    }),
});

/** Packed records, every body spilled, every delta too long for more than a few records, every state evicted. */
const spilledWindows: BuildScenario = (seed, size) => ({
  name: 'spilled-windows',
  plan: () =>
    pipeline('spilled')
      .from(kinesis<Sale>('events').partitionedBy('shop'))
      .withWatermark('at', '20 seconds')
      .keyBy('shop')
      .window(sliding('2 minutes', '1 minute'))
      .aggregate({ sales: count(), total: sum('amount') })
      .onLate(s3('late'))
      .to(dynamodb('rows'), { mode: 'update' })
      .to(s3('rows'), { mode: 'append' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 8, 2),
    burstMax: bursts(size, 6, 3),
    pauseMaxMs: 60_000,
    encode: packedSales,
  }),
  shardCount: 1,
  ringSize: 4,
  batchSize: 20,
  unpack: unpackSales,
  task: {
    recordAgeMaxMs: 604_800_000,
    onGap: 'fail',
    inlineBodyBytesMax: 0,
    deltaBytesMax: 180,
    warmStateBytesMax: 1,
  },
  expected: (shards) =>
    salesByWindow(shards, {
      sizeMs: 120_000,
      slideMs: 60_000,
      delayMs: 20_000,
      complete: false,
    }),
});

/** The whole table after every batch. */
const completeTable: BuildScenario = (seed, size) => ({
  name: 'complete-table',
  plan: () =>
    pipeline('complete')
      .from(kinesis<Priced>('events').partitionedBy('shop'))
      .withWatermark('at', '10 seconds')
      .keyBy('shop')
      .window(tumbling('5 minutes'))
      .aggregate({
        sales: count(),
        total: sum('amount'),
        paid: sum(decimal('price', { scale: 2 })),
      })
      .to(dynamodb('rows'), { mode: 'complete' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 10, 3),
    burstMax: bursts(size, 10, 3),
    pauseMaxMs: 60_000,
    hasPrices: true,
  }),
  shardCount: size === 'full' ? 3 : 1,
  ringSize: 5,
  batchSize: 6,
  expected: (shards) => ({
    ...salesByWindow(shards, {
      sizeMs: 300_000,
      slideMs: 300_000,
      delayMs: 10_000,
      complete: true,
      hasPrices: true,
    }),
    files: [],
  }),
});

/** Some sales end the process that works on them, every time. */
const poisonedSales: BuildScenario = (seed, size) => ({
  name: 'poisoned-sales',
  plan: (process) =>
    pipeline('poisoned')
      .from(kinesis<Sale>('events').partitionedBy('shop'))
      .map((sale) => (isPoison(sale) ? process.end() : sale))
      .withWatermark('at', '10 seconds')
      .keyBy('shop')
      .window(tumbling('1 minute'))
      .aggregate({ sales: count(), total: sum('amount') })
      .onLate(s3('late'))
      .to(dynamodb('rows'), { mode: 'update' })
      .to(s3('rows'), { mode: 'append' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 6, 2),
    burstMax: bursts(size, 8, 3),
    pauseMaxMs: 60_000,
  }),
  shardCount: 1,
  ringSize: 8,
  batchSize: 10,
  expected: (shards) =>
    salesByWindow(shards, {
      sizeMs: 60_000,
      slideMs: 60_000,
      delayMs: 10_000,
      complete: false,
      isPoison,
    }),
});

const isPoison = ({ amount }: Sale) => amount === 13;

/** Packed records of some size, files only, and a stream that is resharded as it runs. */
const packedRecords: BuildScenario = (seed, size) => ({
  name: 'packed-records',
  plan: () =>
    pipeline('packed')
      .from(kinesis<Sale>('events'))
      .filter(({ amount }) => amount >= 2)
      .map((sale) => ({ ...sale, amount: sale.amount * 2 }))
      .to(s3('rows'), { mode: 'append' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 10, 3),
    burstMax: bursts(size, 6, 3),
    pauseMaxMs: 30_000,
    noteLength: 5_000,
    encode: packedSales,
  }),
  shardCount: size === 'full' ? 2 : 1,
  ringSize: 5,
  batchSize: 10,
  resharding: true,
  unpack: unpackSales,
  expected: (shards) => doubledSales(shards, 2),
});

const packedSales = (sales: readonly Sale[]) =>
  encodeAggregate(sales.map((sale) => ({ partitionKey: sale.shop, data: JSON.stringify(sale) })));

/** Opens what `encodeAggregate` packed: between the magic and the checksum the sales stand as JSON. */
function unpackSales(data: Uint8Array): readonly string[] {
  const text = Buffer.from(data).toString('latin1');
  return text.startsWith('{') ? [text] : (text.match(/\{"at":\d+[^}]*\}/g) ?? []);
}

/** The mapping gives records up that are an hour old, and outages are longer than that. */
const givenUpRecords: BuildScenario = (seed, size) => ({
  ...windowedSales(seed, size),
  name: 'given-up-records',
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 12, 4),
    burstMax: bursts(size, 5, 3),
    pauseMaxMs: 20 * 60_000,
  }),
  task: { recordAgeMaxMs: 1_800_000, onGap: 'warn' },
  longOutages: true,
  // Some of what was given up lies at the end of a shard: only a later record can show that it is gone.
  closing: closingSales(),
});

/** Commits are destroyed; their log must stop with a typed error, and give nothing wrong. */
const lostCommits: BuildScenario = (seed, size) => ({
  ...windowedSales(seed, size),
  name: 'lost-commits',
  losingCommits: true,
});

/** Rows that come and go, in small batches that run round a tiny ring within a minute. */
const deletedRows: BuildScenario = (seed, size) => ({
  name: 'deleted-rows',
  plan: () =>
    pipeline('running')
      .from(kinesis<Sale>('events').partitionedBy('shop'))
      .keyBy('shop')
      .aggregate({ sales: count(), total: sum('amount') })
      .to(dynamodb('rows'), { mode: 'update' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 36, 4),
    burstMax: 2,
    pauseMaxMs: 8_000,
  }),
  shardCount: 1,
  ringSize: 3,
  batchSize: 3,
  surroundings: deletingRows(({ sales }) => Number(sales) % 2 === 0),
  expected: runningSales,
});

/** A function gets the rows of every batch; what it is given it keeps in a table of its own. */
const handedRows: BuildScenario = (seed, size) => ({
  name: 'handed-rows',
  plan: (process) =>
    pipeline('handed')
      .from(kinesis<Priced>('events').partitionedBy('shop'))
      .keyBy('shop')
      .aggregate({ sales: count(), paid: sum(decimal('price', { scale: 2 })) })
      .to(foreachBatch('keep', keepingRows(process, 'foreach-batch-keep')), { mode: 'update' })
      .plan(),
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 16, 4),
    burstMax: bursts(size, 4, 2),
    pauseMaxMs: 20_000,
    hasPrices: true,
  }),
  shardCount: size === 'full' ? 2 : 1,
  ringSize: 3,
  batchSize: 3,
  expected: salesAfterEachBatch,
});

/** Days, in which maintenance folds the log and removes what is old. */
const slowSales: BuildScenario = (seed, size) => ({
  ...spilledWindows(seed, size),
  name: 'slow-sales',
  arrivals: arrivalsOf({
    seed,
    bursts: bursts(size, 10, 4),
    burstMax: 3,
    pauseMaxMs: 16 * 3_600_000,
    encode: packedSales,
  }),
  ringSize: 8,
  maintenanceEveryMs: 8 * 3_600_000,
});

export const SCENARIOS: Readonly<Record<string, BuildScenario>> = {
  'windowed-sales': windowedSales,
  'spilled-windows': spilledWindows,
  'complete-table': completeTable,
  'poisoned-sales': poisonedSales,
  'packed-records': packedRecords,
  'given-up-records': givenUpRecords,
  'deleted-rows': deletedRows,
  'slow-sales': slowSales,
  'handed-rows': handedRows,
  'lost-commits': lostCommits,
  'distinct-visits': distinctVisits,
  'rung-reports': rungReports,
  'joined-streams': joinedStreams,
};
