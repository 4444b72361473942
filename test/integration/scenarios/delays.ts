// The example in the suite: what was pushed into it, and everything that came out of it against the
// plain computation.

import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import type { KinesisStreamRecord } from 'aws-lambda';
import type { Departure, HourRow } from '../../../localstack/demo/naive.ts';
import { readNdjson, readTable } from '../../../localstack/demo/outputs.ts';
import { createStreamWriter, type StreamWriter } from '../../../localstack/demo/push.ts';
import type { BadRecord } from '../../../localstack/demo/stream-script.ts';
import { type DeadLetter, verify } from '../../../localstack/demo/verify.ts';
import { aRecordOf } from '../../support/departures.ts';
import { encodeAggregate } from '../../support/kpl.ts';
import type { Clients } from './clients.ts';
import { auditOf, recordsCommitted } from './commits.ts';
import { readShard } from './deliveries.ts';
import type { Deployed } from './deployment.ts';
import { until } from './poll.ts';

/** A mapping looks for new records every few seconds on some clouds, and begins late on others. */
const APPLIED_WITHIN_MS = 120_000;
/** Rows come out right after their commit. */
const EXACT_WITHIN_MS = 30_000;
const DIFFERENCES_SHOWN_MAX = 10;

export type Reasoned = BadRecord & { readonly reason: string };

export interface Delays {
  readonly deployed: Deployed;
  readonly writer: StreamWriter;
  push(departures: readonly Departure[]): Promise<void>;
  /** Each shard's departures in one record, as the Kinesis Producer Library packs them. */
  pushPacked(departures: readonly Departure[]): Promise<void>;
  /** Departures that are late whatever their batch: those before them have closed their windows. */
  pushLate(departures: readonly Departure[]): Promise<void>;
  /** Records that are no events; `what` is their partition key, `reason` what their letters must say. */
  pushBad(records: readonly Reasoned[]): Promise<void>;
  /** Waits until all that came out is what the plain computation says. */
  untilExact(): Promise<void>;
  /** @throws Error with the first differences where something is not what it should be. */
  expectExact(): Promise<void>;
  /** All records of all shards, as they are delivered. */
  deliveries(): Promise<readonly (readonly KinesisStreamRecord[])[]>;
}

export async function openDelays(clients: Clients, deployed: Deployed): Promise<Delays> {
  const { bucket } = deployed;
  const writer = await createStreamWriter(clients.kinesis, deployed.stream);
  const onTime: Departure[] = [];
  const late: Departure[] = [];
  const bad: Reasoned[] = [];
  const recordCounts = new Map(writer.shardIds.map((shardId) => [shardId, 0]));
  const put = async (records: readonly PutRecordsRequestEntry[]) => {
    await writer.push(records, () => {});
    for (const { PartitionKey } of records) {
      const shardId = writer.shardOf(PartitionKey!);
      recordCounts.set(shardId, recordCounts.get(shardId)! + 1);
    }
  };

  const differencesNow = async (): Promise<readonly string[]> => {
    const read = <Line>(prefix: string) => readNdjson<Line>(clients.s3, { bucket, prefix });
    const { totals, differences } = await auditOf(clients, deployed);
    const found = {
      totals,
      table: await readTable(clients.dynamodb, deployed.table),
      rows: await read<HourRow>(deployed.rowsPrefix),
      late: await read<Departure>(deployed.latePrefix),
      deadLetters: await read<DeadLetter>(deployed.deadLettersPrefix),
    };
    const { shardOf } = writer;
    return [
      ...differences,
      ...verify(found, { onTime, late, bad, shardOf }),
      ...wrongReasons(found.deadLetters, bad),
    ];
  };

  return {
    deployed,
    writer,
    async push(departures) {
      onTime.push(...departures);
      await put(departures.map(aRecordOf));
    },
    async pushPacked(departures) {
      const packs = writer.shardIds
        .map((shardId) => departures.filter(({ origin }) => writer.shardOf(origin) === shardId))
        .filter((own) => own.length > 0);
      onTime.push(...packs.flat());
      await put(packs.map(packOf));
    },
    async pushLate(departures) {
      late.push(...departures);
      await put(departures.map(aRecordOf));
    },
    async pushBad(records) {
      bad.push(...records);
      await put(records.map(({ what, data }) => ({ PartitionKey: what, Data: data })));
    },
    async untilExact() {
      const committed = () => recordsCommitted(clients, deployed);
      const all = onTime.length + late.length + bad.length;
      await until(`${all} records committed`, committed, (n) => n >= all, APPLIED_WITHIN_MS);
      const isExact = (differences: readonly string[]) => differences.length === 0;
      await until('all rows exact', differencesNow, isExact, EXACT_WITHIN_MS);
    },
    async expectExact() {
      const differences = await differencesNow();
      if (differences.length === 0) return;
      const shown = differences.slice(0, DIFFERENCES_SHOWN_MAX).join('; ');
      throw new Error(`${differences.length} differences: ${shown}`);
    },
    deliveries: () =>
      Promise.all(
        [...recordCounts].map(([shardId, count]) =>
          readShard(clients, { stream: deployed.stream, shardId, count }),
        ),
      ),
  };
}

function wrongReasons(found: readonly DeadLetter[], bad: readonly Reasoned[]): readonly string[] {
  const reasons = new Map(bad.map(({ data, reason }) => [base64(data), reason]));
  return found
    .filter(({ data, reason }) => reasons.get(data) !== reason)
    .map(({ data, reason }) => `dead letters: ${reason}, not ${reasons.get(data)}`);
}

const base64 = (data: Uint8Array) => Buffer.from(data).toString('base64');

function packOf(departures: readonly Departure[]): PutRecordsRequestEntry {
  return {
    PartitionKey: departures[0]!.origin,
    Data: encodeAggregate(
      departures.map((departure) => ({
        partitionKey: departure.origin,
        data: JSON.stringify(departure),
      })),
    ),
  };
}
