import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Answer, answerOf, type Delivery, shuffledWithin } from './answers.ts';
import type { NexmarkEvent, NexmarkQuery } from './model.ts';
import { q18, q19 } from './queries/best-rows.ts';
import { q0, q1, q2, q14, q21, q22 } from './queries/bids-alone.ts';
import { q3, q13, q20 } from './queries/joins.ts';
import { q15, q16, q17 } from './queries/running-totals.ts';
import { q5, q7, q8, q11 } from './queries/windows.ts';
import { q4, q9 } from './queries/winning-bids.ts';

const QUERIES: Readonly<Record<string, NexmarkQuery>> = {
  ...{ q0, q1, q2, q3, q4, q5, q7, q8, q9, q11, q13 },
  ...{ q14, q15, q16, q17, q18, q19, q20, q21, q22 },
};

/** Another folder of the same form can be named. */
const folder = process.env['NEXMARK_DIR'] ?? join(import.meta.dirname, 'data');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

const inOrder: readonly NexmarkEvent[] = read('events.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const outOfOrder = shuffledWithin(inOrder, { groupSize: 50, seed: 7 });
const answers: Readonly<Record<string, Answer>> = JSON.parse(read('expected.json')).queries;

type Run = Delivery & { readonly events: readonly NexmarkEvent[] };

const RUNS: Readonly<Record<string, Run>> = {
  'batches of 1': { events: inOrder, batchSize: 1 },
  'batches of 7': { events: inOrder, batchSize: 7 },
  'batches of 100': { events: inOrder, batchSize: 100 },
  'batches of 1,000': { events: inOrder, batchSize: 1_000 },
  'a cold start after each batch': { events: inOrder, batchSize: 100, coldStarts: true },
  'each batch delivered twice': { events: inOrder, batchSize: 100, redelivered: true },
  'another order of arrival': { events: outOfOrder, batchSize: 100 },
};

it.each(Object.keys(QUERIES))('%s has the same answer however its events arrive', async (name) => {
  const { rows, sha256, first } = answers[name]!;
  const found: Record<string, Answer> = {};
  for (const [how, { events, ...delivery }] of Object.entries(RUNS)) {
    found[how] = await answerOf(QUERIES[name]!, events, delivery);
  }
  const expected = Object.keys(RUNS).map((how) => [how, { rows, sha256, first }]);
  expect(found).toEqual(Object.fromEntries(expected));
}, 120_000);
