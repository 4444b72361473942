// What the pipeline left behind, read as anybody would read it: the result table and the commit log
// with Scan, rows, late rows and dead letters as objects of a bucket.

import {
  type AttributeValue,
  type DynamoDBClient,
  ListTablesCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import type { HourRow } from './naive.ts';

/** Every row of the result table. */
export async function readTable(
  dynamodb: DynamoDBClient,
  tableName: string,
): Promise<readonly HourRow[]> {
  const rows: HourRow[] = [];
  const pages = paginateScan({ client: dynamodb }, { TableName: tableName, ConsistentRead: true });
  for await (const { Items = [] } of pages) {
    rows.push(
      ...Items.map((item) => ({
        origin: item['origin']?.S ?? '',
        windowStart: item['windowStart']?.S ?? '',
        windowEnd: item['windowEnd']?.S ?? '',
        flights: Number(item['flights']?.N),
        meanDelay: Number(item['meanDelay']?.N),
        worstDelay: Number(item['worstDelay']?.N),
      })),
    );
  }
  return rows;
}

/** How many items the table holds at the moment. */
export async function countItems(dynamodb: DynamoDBClient, tableName: string): Promise<number> {
  let count = 0;
  const pages = paginateScan({ client: dynamodb }, { TableName: tableName, Select: 'COUNT' });
  for await (const { Count = 0 } of pages) count += Count;
  return count;
}

/** Every line of every NDJSON object under a prefix, in the order of the objects' names. */
export async function readNdjson<Line>(
  s3: S3Client,
  place: { readonly bucket: string; readonly prefix: string },
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const pages = paginateListObjectsV2(
    { client: s3 },
    { Bucket: place.bucket, Prefix: place.prefix },
  );
  for await (const { Contents = [] } of pages) {
    for (const { Key } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: place.bucket, Key }));
      const text = (await Body?.transformToString()) ?? '';
      for (const line of text.split('\n')) if (line !== '') lines.push(JSON.parse(line));
    }
  }
  return lines;
}

/** One commit, as far as the demo is concerned: what it counted and how far it read. */
export interface CommitSummary {
  /** Commit log of one shard: `pipeline/stage/source/shard`. */
  readonly log: string;
  readonly batchNumber: number;
  readonly counts: {
    readonly in: number;
    readonly duplicate: number;
    readonly dead: number;
    readonly late: number;
    readonly filtered: number;
    readonly applied: number;
  };
  /** Sequence number up to which records are applied, by shard id. */
  readonly positions: ReadonlyMap<string, string>;
}

/** All commits that the log table holds, of all shards. */
export async function readCommits(
  dynamodb: DynamoDBClient,
  tableName: string,
): Promise<readonly CommitSummary[]> {
  const commits: CommitSummary[] = [];
  const pages = paginateScan(
    { client: dynamodb },
    { TableName: tableName, ConsistentRead: true, ProjectionExpression: 'pk, n, cnt, pos' },
  );
  for await (const { Items = [] } of pages) {
    // The pointer item of a log holds no batch number.
    commits.push(...Items.filter((item) => item['n'] !== undefined).map(commitOf));
  }
  return commits;
}

function commitOf(item: Record<string, AttributeValue>): CommitSummary {
  const [records = 0, duplicate = 0, dead = 0, late = 0, filtered = 0, applied = 0] = (
    item['cnt']?.L ?? []
  ).map((count) => Number(count.N));
  return {
    log: item['pk']?.S ?? '',
    batchNumber: Number(item['n']?.N),
    counts: { in: records, duplicate, dead, late, filtered, applied },
    positions: new Map(
      Object.entries(item['pos']?.M ?? {}).map(([sourceAndShard, position]) => [
        sourceAndShard.slice(sourceAndShard.lastIndexOf('/') + 1),
        (position.S ?? '').split(':')[0] ?? '',
      ]),
    ),
  };
}

/** Name of the engine's own table; it is no output of the stack, because nobody should depend on it. */
export async function findCommitLog(dynamodb: DynamoDBClient): Promise<string> {
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
  const name = TableNames.find((tableName) => tableName.includes('CommitLog'));
  if (name === undefined)
    throw new Error(`no commit log among the tables ${TableNames.join(', ')}`);
  return name;
}
