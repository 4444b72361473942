// What must come out of the example pipeline, compared with what is in DynamoDB and S3.

import { createHash } from 'node:crypto';
import { differencesOf } from '../../localstack/demo/compare.ts';
import {
  closedHours,
  type Departure,
  departuresByHour,
  type HourRow,
} from '../../localstack/demo/naive.ts';
import {
  type CommitSummary,
  findCommitLog,
  readCommits,
  readNdjson,
  readTable,
} from '../../localstack/demo/outputs.ts';
import type { RunningCloud } from './running-cloud.ts';

/** The example pipeline in a cloud, wherever that runs. */
export type DeployedDelays = Pick<RunningCloud, 'clients' | 'delays'>;

/** Differences between both outputs and the naive computation over `departures`, in pushing order. */
export async function differencesFrom(
  cloud: DeployedDelays,
  departures: readonly Departure[],
  shardOf: (origin: string) => string,
): Promise<readonly string[]> {
  const { clients, delays } = cloud;
  const hours = departuresByHour(departures);
  const closed = closedHours(hours, departures, shardOf);
  const table = await readTable(clients.dynamodb, delays.table);
  const rows = await readNdjson<HourRow>(clients.s3, {
    bucket: delays.bucket,
    prefix: delays.rowsPrefix,
  });
  return [...differencesOf('DynamoDB', table, hours), ...differencesOf('S3', rows, closed)];
}

export interface StoredDeadLetter {
  readonly reason: string;
  readonly detail: string;
  readonly data: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
  readonly arrivedAt: string;
}

export const deadLettersOf = ({ clients, delays }: DeployedDelays) =>
  readNdjson<StoredDeadLetter>(clients.s3, {
    bucket: delays.bucket,
    prefix: delays.deadLettersPrefix,
  });

export const lateRowsOf = ({ clients, delays }: DeployedDelays) =>
  readNdjson<Departure>(clients.s3, { bucket: delays.bucket, prefix: delays.latePrefix });

export async function commitsOf({ clients }: DeployedDelays): Promise<readonly CommitSummary[]> {
  return readCommits(clients.dynamodb, await findCommitLog(clients.dynamodb));
}

/** How many source records the commits cover, each once. */
export async function recordsCommitted(cloud: DeployedDelays): Promise<number> {
  const commits = await commitsOf(cloud);
  return commits.reduce((sum, { counts }) => sum + counts.in - counts.duplicate, 0);
}

/** The MD5 of a key's UTF-8 as a decimal number: where Kinesis puts a record with that partition key. */
export const hashKeyOf = (key: string) =>
  BigInt(`0x${createHash('md5').update(key, 'utf8').digest('hex')}`).toString();
