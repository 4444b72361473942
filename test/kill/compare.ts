// Everything that the run left behind against the naive computation over everything that was pushed.

import { ListBucketsCommand } from '@aws-sdk/client-s3';
import {
  type Departure,
  departuresByHour,
  type HourRow,
  rowId,
} from '../../localstack/demo/naive.ts';
import { readNdjson, readTable } from '../../localstack/demo/outputs.ts';
import { type DeadLetter, type Found, verify } from '../../localstack/demo/verify.ts';
import type { Deployed } from './deployed.ts';
import {
  type Audit,
  auditEntries,
  entriesOfLineage,
  entriesOfLog,
  type LineageLine,
} from './ledger.ts';
import type { Pushed } from './traffic.ts';

export interface Compared {
  readonly commits: number;
  /** Records delivered again after they were committed. */
  readonly redelivered: number;
  readonly tableRows: number;
  readonly s3Rows: number;
  readonly lost: number;
  readonly doubled: number;
  /** One sentence for each difference; none when the results are exact. */
  readonly differences: readonly string[];
}

/** The books as they are now. */
export async function auditOf({ clients, logTable }: Deployed): Promise<Audit> {
  const { s3, dynamodb } = clients;
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const lines = await Promise.all(
    Buckets.map(({ Name }) => readNdjson<LineageLine>(s3, { bucket: Name!, prefix: 'lineage/' })),
  );
  return auditEntries([
    ...(await entriesOfLog(dynamodb, logTable)),
    ...entriesOfLineage(lines.flat()),
  ]);
}

export async function compare(deployed: Deployed, pushed: Pushed): Promise<Compared> {
  const { clients, places, writer } = deployed;
  const { bucket } = places;
  const { totals, commitCount, differences } = await auditOf(deployed);
  const found: Found = {
    totals,
    table: await readTable(clients.dynamodb, places.table),
    rows: await readNdjson<HourRow>(clients.s3, { bucket, prefix: places.rowsPrefix }),
    late: await readNdjson<Departure>(clients.s3, { bucket, prefix: places.latePrefix }),
    deadLetters: await readNdjson<DeadLetter>(clients.s3, {
      bucket,
      prefix: places.deadLettersPrefix,
    }),
  };
  return {
    commits: commitCount,
    redelivered: totals.duplicate,
    tableRows: found.table.length,
    s3Rows: found.rows.length,
    ...lostAndDoubled(found, pushed),
    differences: [...differences, ...verify(found, { ...pushed, shardOf: writer.shardOf })],
  };
}

/** Records that are in no row, and records that are in a row once too often. */
function lostAndDoubled(
  found: Found,
  pushed: Pushed,
): { readonly lost: number; readonly doubled: number } {
  const surplus = [
    ...surplusOf(
      found.table.map((row) => [rowId(row.origin, row.windowStart), row.flights]),
      [...departuresByHour(pushed.onTime)].map(([id, { flights }]) => [id, flights]),
    ),
    ...surplusOf(onceEach(found.late.map(textOf)), onceEach(pushed.late.map(textOf))),
    ...surplusOf(
      onceEach(found.deadLetters.map(({ data }) => data)),
      onceEach(pushed.bad.map(({ data }) => Buffer.from(data).toString('base64'))),
    ),
  ];
  const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, count) => sum + count, 0);
  return {
    lost: Math.abs(sumOf(surplus.filter((count) => count < 0))),
    doubled: sumOf(surplus.filter((count) => count > 0)),
  };
}

/** By how much each name was counted too often. */
function surplusOf(
  found: readonly (readonly [string, number])[],
  expected: readonly (readonly [string, number])[],
): readonly number[] {
  const surplus = new Map<string, number>();
  const add = (name: string, count: number) => surplus.set(name, (surplus.get(name) ?? 0) + count);
  for (const [name, count] of found) add(name, count);
  for (const [name, count] of expected) add(name, -count);
  return [...surplus.values()];
}

const onceEach = (names: readonly string[]) => names.map((name) => [name, 1] as const);

const textOf = ({ departedAt, origin, destination, delay, distance }: Departure) =>
  JSON.stringify([departedAt, origin, destination, delay, distance]);
