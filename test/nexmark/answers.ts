// Runs a query over events in one way or another, and brings its rows into the form of the answers.

import { createHash } from 'node:crypto';
import { drive } from 'rivulet/testing';
import type { NexmarkEvent, NexmarkQuery } from './model.ts';

/** How events arrive: nothing of it may change an answer. */
export interface Delivery {
  /** Events of one batch. */
  readonly batchSize: number;
  /** Throws the sandbox away after each batch. */
  readonly coldStarts?: boolean;
  /** Delivers each batch twice. */
  readonly redelivered?: boolean;
}

/** An answer of `expected.json`. */
export interface Answer {
  /** How many there are. */
  readonly rows: number;
  /** Of all rows as JSON arrays, sorted as texts, one a line. */
  readonly sha256: string;
  /** The first three of them. */
  readonly first: readonly (readonly unknown[])[];
}

/** The answer to a query over events that come like this. */
export async function answerOf(
  { pipeline, columns, replacedBy }: NexmarkQuery,
  events: readonly NexmarkEvent[],
  { batchSize, coldStarts = false, redelivered = false }: Delivery,
): Promise<Answer> {
  const run = drive(pipeline, { startMs: events[0]!.dateTime });
  for (let from = 0; from < events.length; from += batchSize) {
    await run.push(events.slice(from, from + batchSize));
    if (redelivered) await run.redeliver();
    if (coldStarts) run.restart();
  }
  await run.drain();
  const dead = run.deadLetters();
  if (dead.length > 0) throw new Error(`${dead.length} dead letters: ${JSON.stringify(dead[0])}`);
  const rows = run.rows<Readonly<Record<string, unknown>>>();
  return inForm(replacedBy === undefined ? rows : lastRows(rows, replacedBy), columns);
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** The last row of each key. */
function lastRows(rows: Rows, key: readonly string[]): Rows {
  return [
    ...new Map(rows.map((row) => [JSON.stringify(key.map((name) => row[name])), row])).values(),
  ];
}

function inForm(rows: Rows, columns: readonly string[]): Answer {
  const texts = rows.map((row) => JSON.stringify(columns.map((name) => row[name]))).sort();
  return {
    rows: texts.length,
    sha256: createHash('sha256').update(texts.join('\n')).digest('hex'),
    first: texts.slice(0, 3).map((text) => JSON.parse(text)),
  };
}

/** The events in an order that differs within groups of so many, the same for the same seed. */
export function shuffledWithin<Event>(
  events: readonly Event[],
  { groupSize, seed }: { readonly groupSize: number; readonly seed: number },
): readonly Event[] {
  const shuffled = [...events];
  let state = seed;
  for (let index = 0; index < shuffled.length; index += 1) {
    const start = index - (index % groupSize);
    // The generator of "Numerical Recipes"; Fisher and Yates from the front.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = start + Math.floor((state / 2 ** 32) * (index - start + 1));
    [shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!];
  }
  return shuffled;
}
