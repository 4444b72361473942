import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Departure, HourRow } from '../../localstack/demo/naive.ts';
import { readNdjson, readTable } from '../../localstack/demo/outputs.ts';
import { createStreamWriter } from '../../localstack/demo/push.ts';
import { aRecordOf } from '../support/departures.ts';
import { type RunningCloud, startCloud } from '../support/running-cloud.ts';

const linesOf = <Line>(path: string): readonly Line[] =>
  readFileSync(join(import.meta.dirname, '..', 'examples', path), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const byKey = (rows: readonly HourRow[]) =>
  [...rows].sort((one, other) =>
    one.origin + one.windowStart < other.origin + other.windowStart ? -1 : 1,
  );

let cloud: RunningCloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud?.killAll());

it('delays: the events of the example give its table, and its closed hours as files', async () => {
  const events = linesOf<Departure>('delays/events.jsonl');
  const expected = linesOf<HourRow>('delays/expected.jsonl');
  const { clients, delays } = cloud;
  const writer = await createStreamWriter(clients.kinesis, delays.stream);
  await writer.push(events.map(aRecordOf), () => {});

  const table = async () => byKey(await readTable(clients.dynamodb, delays.table));
  await expect.poll(table).toEqual(expected);
  const files = () =>
    readNdjson<HourRow>(clients.s3, { bucket: delays.bucket, prefix: delays.rowsPrefix });
  const isTogether = writer.shardOf('ANC') === writer.shardOf('LAS');
  const closed = expected.filter(
    ({ origin, windowEnd }) =>
      windowEnd === '2001-01-01T01:00:00.000Z' && (origin === 'LAS' || isTogether),
  );
  await expect.poll(async () => byKey(await files())).toEqual(closed);
});
