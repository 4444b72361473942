// Sandboxes that die in mid-batch: user code takes the process with it until a time that the events
// name, so that first attempts die wherever they run, and a later one does not.

import { paginateScan } from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import { readNdjson } from '../../../localstack/demo/outputs.ts';
import { auditOf, authorshipOf, pointerOf, recordsCommitted } from './commits.ts';
import type { Taken, Visit } from './fixtures/mortal.ts';
import { until } from './poll.ts';
import type { Suite } from './suite.ts';

/** How long a batch is deadly, and longer each time that nobody died of it. */
const DEADLY_MS = [3_000, 8_000, 20_000];
const APPLIED_WITHIN_MS = 120_000;
const PAGES = ['home', 'order', 'help'];

/** What the plain computation knows of all visits put so far, by page. */
export type Visits = Map<string, number>;

/** A sandbox dies in an operator, before its commit. */
export async function dieInOperator(suite: Suite, visits: Visits): Promise<void> {
  await push(suite, visits, { count: 9 });
  const { clients } = suite.target;
  const diedOf = async () => {
    const [{ log } = { log: '' }] = await authorshipOf(clients, suite.mortal);
    return (await pointerOf(clients, suite.mortal, log)).attempts;
  };
  for (const deadlyMs of DEADLY_MS) {
    await push(suite, visits, { count: 12, operatorDiesBeforeMs: Date.now() + deadlyMs });
    // A start that was survived is taken back: what is left of the note are the deaths.
    if ((await diedOf()) > 0) return;
  }
  throw new Error('no sandbox died in the operator');
}

/** A sandbox dies in the function of a batch, after the commit and before its rows are taken. */
export async function dieInFunction(suite: Suite, visits: Visits): Promise<void> {
  for (const deadlyMs of DEADLY_MS) {
    const functionDiesBeforeMs = Date.now() + deadlyMs;
    await push(suite, visits, { count: 12, functionDiesBeforeMs });
    const isDeadly = ({ rows }: Taken) =>
      rows.some((row) => row.functionDiesBeforeMs === functionDiesBeforeMs);
    const calls = await until(
      'a call of the function that it survives',
      () => callsOf(suite),
      (all) => all.some((call) => isDeadly(call) && !call.dies),
      APPLIED_WITHIN_MS,
    );
    const firstOf = new Map(calls.toReversed().map(({ batchId, rows }) => [batchId, rows]));
    for (const { batchId, rows } of calls) expect(rows).toEqual(firstOf.get(batchId));
    expect(lastRowsOf(calls)).toEqual(await pagesOf(suite));
    if (calls.some((call) => isDeadly(call) && call.dies)) return;
  }
  throw new Error('no sandbox died in the function');
}

async function push(
  suite: Suite,
  visits: Visits,
  part: { readonly count: number } & Partial<Omit<Visit, 'page'>>,
): Promise<void> {
  const { clients } = suite.target;
  const { count, operatorDiesBeforeMs = 0, functionDiesBeforeMs = 0 } = part;
  const Records = Array.from({ length: count }, (_, index): PutRecordsRequestEntry => {
    const page = PAGES[index % PAGES.length]!;
    visits.set(page, (visits.get(page) ?? 0) + 1);
    const visit: Visit = { page, operatorDiesBeforeMs, functionDiesBeforeMs };
    return { PartitionKey: page, Data: Buffer.from(JSON.stringify(visit)) };
  });
  await clients.kinesis.send(new PutRecordsCommand({ StreamName: suite.mortal.stream, Records }));
  const all = [...visits.values()].reduce((sum, one) => sum + one, 0);
  await until(
    `${all} visits committed`,
    () => recordsCommitted(clients, suite.mortal),
    (committed) => committed >= all,
    APPLIED_WITHIN_MS,
  );
  await until(
    'all pages exact',
    () => pagesOf(suite),
    (pages) => JSON.stringify(pages) === JSON.stringify([...visits].sort()),
    APPLIED_WITHIN_MS,
  );
  const { differences, totals } = await auditOf(clients, suite.mortal);
  expect(differences).toEqual([]);
  expect(totals).toMatchObject({ applied: all, dead: 0 });
}

/** Each page with its visits, as the table holds them. */
async function pagesOf({ target, mortal }: Suite): Promise<readonly [string, number][]> {
  const pages: [string, number][] = [];
  const scan = paginateScan(
    { client: target.clients.dynamodb },
    { TableName: mortal.table, ConsistentRead: true },
  );
  for await (const { Items = [] } of scan) {
    pages.push(
      ...Items.map((item): [string, number] => [item['page']!.S!, Number(item['visits']!.N)]),
    );
  }
  return pages.sort();
}

/** Every call of the function, in the order of their batches. */
async function callsOf({ target, mortal }: Suite): Promise<readonly Taken[]> {
  const place = { bucket: mortal.bucket, prefix: 'taken/' };
  const calls = await readNdjson<Taken>(target.clients.s3, place);
  const numberOf = ({ batchId }: Taken) => Number(batchId.split('-').at(-1));
  return calls.toSorted((one, other) => numberOf(one) - numberOf(other));
}

/** Each page with the visits of its last row that the function was given. */
function lastRowsOf(calls: readonly Taken[]): readonly [string, number][] {
  const rows = calls.flatMap((call) => call.rows);
  return [...new Map(rows.map(({ page, visits }) => [page, visits]))].sort();
}
