// The main job from end to end: push, kill a sandbox in the middle, wait until every record is
// applied, read the outputs back and compare them with the plain computation.

import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import type { PipelinePlaces } from '../pipelines.ts';
import { type Clients, createClients } from './clients.ts';
import type { Departure, HourRow } from './naive.ts';
import { findCommitLog, readCommits, readNdjson, readTable } from './outputs.ts';
import { createStreamWriter } from './push.ts';
import { counted, type Screen } from './screen.ts';
import { type BadRecord, closingEvents, type StreamScript } from './stream-script.ts';
import { type DeadLetter, type Totals, verify } from './verify.ts';
import { createWatch, type Sandboxes } from './watch.ts';

/** Where a deployed pipeline with all kinds of sinks reads and writes. */
export type Places = Required<PipelinePlaces>;

/** What happened; the counts are those that the engine stored with its commits. */
export interface Report {
  /** First differences, as sentences; none when the results are exact. */
  readonly differences: readonly string[];
  /** As often as they were delivered. */
  readonly eventsIn: number;
  readonly applied: number;
  readonly late: number;
  readonly dead: number;
  readonly duplicatesDropped: number;
  readonly batches: number;
  readonly tableRows: number;
  readonly s3Rows: number;
  readonly sandboxesKilled: number;
}

const DIFFERENCES_SHOWN_MAX = 10;

export async function runDemo(options: {
  readonly endpoint: string;
  readonly places: Places;
  readonly sandboxes: Sandboxes;
  readonly script: StreamScript;
  readonly screen: Screen;
}): Promise<Report> {
  const { endpoint, places, sandboxes, script, screen } = options;
  const clients = createClients(endpoint);
  try {
    const writer = await createStreamWriter(clients.kinesis, places.stream);
    const logTable = await findCommitLog(clients.dynamodb);
    const closing = closingEvents(script.onTime, writer.shardOf);
    const { onTime, late, bad } = script;
    const watch = createWatch({
      dynamodb: clients.dynamodb,
      logTable,
      resultTable: places.table,
      writer,
      sandboxes,
      total: onTime.length + late.length + bad.length + closing.length,
      screen,
    });

    screen.say(`pushing ${counted(onTime.length)} departures, slightly out of order`);
    await watch.untilApplied(writer.push(onTime.map(entryOf), watch.onPut));
    // Only now is it certain that the late ones are late, however the records were cut into batches.
    screen.say(
      `pushing ${late.length} events that are days late, ${bad.length} records that are no events and one closing event per shard`,
    );
    const rest = [...late.map(entryOf), ...bad.map(badEntryOf), ...closing.map(entryOf)];
    await watch.untilApplied(writer.push(rest, watch.onPut));

    screen.say('comparing DynamoDB and S3 with a plain computation over the same events');
    const found = await readBack(clients, places, logTable);
    const differences = verify(found, {
      ...script,
      onTime: [...onTime, ...closing],
      shardOf: writer.shardOf,
    });
    return {
      differences: differences.slice(0, DIFFERENCES_SHOWN_MAX),
      eventsIn: found.totals.in,
      applied: found.totals.applied,
      late: found.totals.late,
      dead: found.totals.dead,
      duplicatesDropped: found.totals.duplicate,
      batches: found.batches,
      tableRows: found.table.length,
      s3Rows: found.rows.length,
      sandboxesKilled: watch.killedCount,
    };
  } finally {
    clients.destroy();
  }
}

async function readBack({ dynamodb, s3 }: Clients, places: Places, logTable: string) {
  const { bucket } = places;
  const commits = await readCommits(dynamodb, logTable);
  return {
    batches: commits.length,
    totals: commits.reduce((sum, { counts }) => plus(sum, counts), NOTHING),
    table: await readTable(dynamodb, places.table),
    rows: await readNdjson<HourRow>(s3, { bucket, prefix: places.rowsPrefix }),
    late: await readNdjson<Departure>(s3, { bucket, prefix: places.latePrefix }),
    deadLetters: await readNdjson<DeadLetter>(s3, { bucket, prefix: places.deadLettersPrefix }),
  };
}

const NOTHING: Totals = { in: 0, duplicate: 0, dead: 0, late: 0, filtered: 0, applied: 0 };

const plus = (one: Totals, other: Totals): Totals => ({
  in: one.in + other.in,
  duplicate: one.duplicate + other.duplicate,
  dead: one.dead + other.dead,
  late: one.late + other.late,
  filtered: one.filtered + other.filtered,
  applied: one.applied + other.applied,
});

const entryOf = (departure: Departure): PutRecordsRequestEntry => ({
  PartitionKey: departure.origin,
  Data: Buffer.from(JSON.stringify(departure), 'utf8'),
});

const badEntryOf = ({ what, data }: BadRecord): PutRecordsRequestEntry => ({
  PartitionKey: what,
  Data: data,
});
