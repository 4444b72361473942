// The books of the run: every commit of every shard, from the log and from the lineage that outlives
// its slots, has to follow from the one before, without a hole, an overlap or a record in no class.

import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Totals } from '../../localstack/demo/verify.ts';

/** One commit, as the log or its lineage states it. */
export interface Entry {
  readonly log: string;
  readonly batchNumber: number;
  readonly commitId: string;
  readonly previousCommitId: string | null;
  /** `sequence:sub` of the first and the last record. */
  readonly from: string;
  readonly to: string;
  readonly counts: Totals;
}

/** A line of a lineage object; the first one names the log. */
export type LineageLine =
  | { readonly formatVersion: number; readonly log: string }
  | {
      readonly batchNumber: number;
      readonly commitId: string;
      readonly previousCommitId: string | null;
      readonly firstPosition: LineagePosition;
      readonly positions: Readonly<Record<string, LineagePosition>>;
      readonly counts: Totals;
    };

interface LineagePosition {
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
}

/** The commits that are still in their slots. */
export async function entriesOfLog(
  dynamodb: DynamoDBClient,
  tableName: string,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const pages = paginateScan(
    { client: dynamodb },
    {
      TableName: tableName,
      ConsistentRead: true,
      ProjectionExpression: 'pk, n, id, prev, #from, pos, cnt',
      ExpressionAttributeNames: { '#from': 'from' },
    },
  );
  for await (const { Items = [] } of pages) {
    for (const item of Items) {
      if (item['n'] === undefined) continue; // The pointer item.
      const [records, duplicate, dead, late, filtered, applied] = item['cnt']!.L!.map((count) =>
        Number(count.N),
      ) as [number, number, number, number, number, number];
      const [position] = Object.values(item['pos']!.M!);
      entries.push({
        log: item['pk']!.S!,
        batchNumber: Number(item['n'].N),
        commitId: item['id']!.S!,
        previousCommitId: item['prev']?.S ?? null,
        from: item['from']!.S!,
        to: position!.S!,
        counts: { in: records, duplicate, dead, late, filtered, applied },
      });
    }
  }
  return entries;
}

/** The commits that lineage objects tell of, read one after the other. */
export function entriesOfLineage(lines: readonly LineageLine[]): readonly Entry[] {
  const text = ({ sequenceNumber, subSequenceNumber }: LineagePosition) =>
    `${sequenceNumber}:${subSequenceNumber}`;
  const entries: Entry[] = [];
  let log = '';
  for (const line of lines) {
    if ('log' in line) {
      log = line.log;
      continue;
    }
    const { batchNumber, commitId, previousCommitId, firstPosition, positions, counts } = line;
    const from = text(firstPosition);
    const to = text(Object.values(positions)[0]!);
    entries.push({ log, batchNumber, commitId, previousCommitId, from, to, counts });
  }
  return entries;
}

export interface Audit {
  readonly totals: Totals;
  readonly commitCount: number;
  /** One sentence for each thing that is wrong. */
  readonly differences: readonly string[];
}

/** Adds all commits up, each once, and looks whether they tile each shard. */
export function auditEntries(entries: readonly Entry[]): Audit {
  const logs = new Map<string, Map<number, Entry>>();
  const differences: string[] = [];
  for (const entry of entries) {
    const log = logs.get(entry.log) ?? new Map<number, Entry>();
    logs.set(entry.log, log);
    const known = log.get(entry.batchNumber);
    if (known !== undefined && known.commitId !== entry.commitId) {
      differences.push(`${entry.log}: batch ${entry.batchNumber} was committed twice`);
    }
    log.set(entry.batchNumber, known ?? entry);
  }
  let commitCount = 0;
  let totals: Totals = { in: 0, duplicate: 0, dead: 0, late: 0, filtered: 0, applied: 0 };
  for (const log of logs.values()) {
    commitCount += log.size;
    let previous: Entry | null = null;
    for (let number = 1; number <= Math.max(...log.keys()); number += 1) {
      const entry = log.get(number);
      if (entry === undefined) {
        differences.push(`${[...log.values()][0]!.log}: batch ${number} is missing`);
        continue;
      }
      differences.push(...breaksBetween(previous, entry));
      totals = plus(totals, entry.counts);
      previous = entry;
    }
  }
  return { totals, commitCount, differences };
}

function breaksBetween(previous: Entry | null, entry: Entry): readonly string[] {
  const at = `${entry.log}: batch ${entry.batchNumber}`;
  const { counts } = entry;
  const classed = counts.duplicate + counts.dead + counts.late + counts.filtered + counts.applied;
  return [
    ...(counts.in === classed ? [] : [`${at} took ${counts.in} records and classed ${classed}`]),
    ...(entry.previousCommitId === (previous?.commitId ?? null)
      ? []
      : [`${at} follows ${entry.previousCommitId}, not ${previous?.commitId ?? null}`]),
    ...(previous === null || isAfter(entry.from, previous.to)
      ? []
      : [`${at} begins at ${entry.from}, not after ${previous.to}`]),
  ];
}

function isAfter(position: string, other: string): boolean {
  const [sequence = '', sub = ''] = position.split(':');
  const [otherSequence = '', otherSub = ''] = other.split(':');
  return sequence === otherSequence
    ? Number(sub) > Number(otherSub)
    : BigInt(sequence) > BigInt(otherSequence);
}

const plus = (one: Totals, other: Totals): Totals => ({
  in: one.in + other.in,
  duplicate: one.duplicate + other.duplicate,
  dead: one.dead + other.dead,
  late: one.late + other.late,
  filtered: one.filtered + other.filtered,
  applied: one.applied + other.applied,
});
