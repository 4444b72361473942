// One test for each query: the answer of `expected.json`, in whatever way the events arrive.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Answer, answerOf, type Delivery, shuffledWithin } from './answers.ts';
import type { NexmarkEvent, NexmarkQuery } from './model.ts';

/** Another folder of the same form can be named. */
const folder = process.env['NEXMARK_DIR'] ?? join(import.meta.dirname, 'data');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

const answers: Readonly<Record<string, Answer>> = JSON.parse(read('expected.json')).queries;
const inOrder: readonly NexmarkEvent[] = read('events.jsonl')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
/** Half a second of events, where the watermark allows for four. */
const outOfOrder = shuffledWithin(inOrder, { groupSize: 50, seed: 7 });

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

const TIMEOUT_MS = 180_000;

export function testAnswers(queries: Readonly<Record<string, NexmarkQuery>>): void {
  it.each(Object.entries(queries))(
    '%s has the same answer however events arrive',
    async (...of) => {
      const [name, query] = of;
      const { rows, sha256, first } = answers[name]!;
      const found: Record<string, Answer> = {};
      for (const [how, { events, ...delivery }] of Object.entries(RUNS)) {
        found[how] = await answerOf(query, events, delivery);
      }
      const expected = Object.keys(RUNS).map((how) => [how, { rows, sha256, first }]);
      expect(found).toEqual(Object.fromEntries(expected));
    },
    TIMEOUT_MS,
  );
}
