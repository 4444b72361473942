// `npm run bench` prints the figures the engine is to hold, as ratios to a floor that is measured in
// the same process; `--json` prints them for programs.

import { parseArgs } from 'node:util';
import { bundleFunction, functionSource } from '../cdk/bundling/bundle.ts';
import { deliveredBatches } from './events.ts';
import { invocationCase } from './invocation.ts';
import { type Measured, measureInTurn, ratios, summarize } from './measure.ts';
import { decodingCase, floorCase, planCase } from './operators.ts';
import { PLANS, SESSIONS } from './plans.ts';
import { exactly, formatReport, type Report, type ReportRow } from './report.ts';
import { deltaBytesPerKey, restoreCase } from './state.ts';

const RECORDS_PER_BATCH = 10_000;
const BATCHES = 20;
const PASSES = 7;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const report = await measure();
process.stdout.write(`${values.json ? JSON.stringify(report) : formatReport(report)}\n`);

async function measure(): Promise<Report> {
  const batches = deliveredBatches(BATCHES, RECORDS_PER_BATCH);
  const w1 = invocationCase('W1', PLANS.filterAndMap, batches);
  const w2 = invocationCase('W2', PLANS.tumblingByUser, batches);
  const w3 = invocationCase('W3', PLANS.slidingByCountry, batches);
  const w4 = invocationCase('W4', SESSIONS, batches);
  const w5 = invocationCase('W5', PLANS.joinByUser, batches);
  const samples = await measureInTurn(
    [
      floorCase(batches),
      decodingCase(batches),
      ...Object.entries(PLANS).map(([name, plan]) => planCase(name, plan, batches)),
      ...[w1, w2, w3, w4, w5].map(({ invocation }) => invocation),
    ],
    PASSES,
  );
  const floor = samples.get('floor')!;
  const over = (name: string, base = 'floor'): Measured =>
    ratios(samples.get(name)!, samples.get(base)!);
  const requests = w2.requestsPerBatch();
  const rows: ReportRow[] = [
    { name: 'decoding alone', unit: 'F', measured: over('decoding') },
    { name: 'filter + map', unit: 'F', measured: over('filterAndMap'), hold: 1 },
    {
      name: 'tumbling window by user, 5 aggregates',
      unit: 'F',
      measured: over('tumblingByUser'),
      hold: 1.15,
    },
    {
      name: 'sliding (5 per window) over tumbling, by country',
      unit: 'x',
      measured: over('slidingByCountry', 'tumblingByCountry'),
      hold: 1.15,
    },
    {
      name: 'the same by user, which is 5 times the rows out',
      unit: 'x',
      measured: over('slidingByUser', 'tumblingByUser'),
    },
    {
      name: 'session (gap 5 s) over tumbling, by user',
      unit: 'x',
      measured: over('sessionsByUser', 'tumblingByUser'),
      hold: 1.15,
    },
    {
      name: 'join of purchases with clicks by user, 2 s around',
      unit: 'F',
      measured: over('joinByUser'),
      hold: 1.25,
    },
    {
      name: 'first of each event within the watermark, all keys new',
      unit: 'F',
      measured: over('firstOfEvent'),
    },
    { name: '3 percentiles by user', unit: 'F', measured: over('percentilesByUser') },
    {
      name: '3 percentiles by country, 500 rows a group',
      unit: 'F',
      measured: over('percentilesByCountry'),
    },
    { name: 'median by country', unit: 'F', measured: over('medianByCountry') },
    {
      name: 'W1 invocation: filter, project 3 fields',
      unit: 'F',
      measured: over('W1'),
      hold: 1.2,
      others: 'Flink 1.3 F, Spark 13 F',
    },
    {
      name: 'W2 invocation: tumbling 10 s by user',
      unit: 'F',
      measured: over('W2'),
      hold: 2,
      others: 'Flink 3.0 F, Spark 32 F',
    },
    {
      name: 'W3 invocation: sliding 10 s / 2 s by country',
      unit: 'F',
      measured: over('W3'),
      hold: 1.5,
      others: 'Flink 1.8 F, Spark 27 F',
    },
    {
      name: 'W4 invocation: session, gap 5 s, by user',
      unit: 'F',
      measured: over('W4'),
      hold: 2,
      others: 'Flink 4.1 F, Spark 29 F',
    },
    {
      name: 'W5 invocation: join of purchases with clicks',
      unit: 'F',
      measured: over('W5'),
      hold: 2.2,
      others: 'Flink 3.5 F, Spark 47 F',
    },
    {
      name: 'W2 over aggregate only',
      unit: 'x',
      measured: over('W2', 'tumblingByUser'),
      hold: 2.5,
    },
    {
      name: 'writes per warm batch',
      unit: 'requests',
      measured: exactly(requests.get('PutItem') ?? 0),
      hold: 1,
    },
    {
      name: 'reads per warm batch',
      unit: 'requests',
      measured: exactly(
        ['GetItem', 'Query'].reduce((sum, call) => sum + (requests.get(call) ?? 0), 0),
      ),
      hold: 0,
    },
    ...(await stateRows(summarize(floor).median)),
    { name: 'handler bundle, minified', unit: 'KB', measured: exactly(bundleKb()), hold: 600 },
  ];
  return { floorMs: summarize(floor), recordsPerBatch: RECORDS_PER_BATCH, passes: PASSES, rows };
}

async function stateRows(floorMs: number): Promise<ReportRow[]> {
  const { restore, bytesPerKey } = restoreCase();
  const restored = await measureInTurn([restore], PASSES);
  const measured = summarize(restored.get(restore.name)!.map((ms) => ms / floorMs));
  return [
    {
      name: 'delta per changed key, 13-char key, 4 numbers',
      unit: 'bytes',
      measured: exactly(deltaBytesPerKey()),
      hold: 18,
    },
    { name: 'snapshot per key', unit: 'bytes', measured: exactly(bytesPerKey), hold: 20 },
    { name: 'restore of 1 M keys', unit: 'F', measured, hold: 40 },
  ];
}

function bundleKb(): number {
  const entry = new URL('../functions/pipelines/delays.ts', import.meta.url).pathname;
  return bundleFunction(functionSource('partition-task'), entry).text.length / 1_024;
}
