// What is pushed: departures slightly out of order, then, once those are applied, a few events that
// are truly late, a few records that are no events, and one closing event per shard.

import { readDepartures, slightlyOutOfOrder } from './flights.ts';
import type { Departure } from './naive.ts';

const SEED = 2001;
/** Departures held back from the first hours and pushed days later: late for every window. */
const LATE_COUNT = 25;
/** How far the closing event of a shard is ahead: it closes every hour that began before it. */
const CLOSING_MS = 2 * 3_600_000;

export interface StreamScript {
  readonly onTime: readonly Departure[];
  readonly late: readonly Departure[];
  readonly bad: readonly BadRecord[];
}

export interface BadRecord {
  readonly what: string;
  readonly data: Uint8Array;
}

/** The script for `count` departures; the same for the same count. */
export async function writeStreamScript(count: number): Promise<StreamScript> {
  const departures = await readDepartures(count);
  const lateCount = Math.min(LATE_COUNT, Math.floor(count / 100));
  const late = departures.slice(0, lateCount);
  const onTime = slightlyOutOfOrder(departures.slice(lateCount), SEED);
  return { onTime, late, bad: badRecords() };
}

/** One event for each shard, of an airport that it owns, newer than all others by two hours. */
export function closingEvents(
  departures: readonly Departure[],
  shardOf: (origin: string) => string,
): readonly Departure[] {
  const newestMs = departures.reduce((newest, { departedAt }) => Math.max(newest, departedAt), 0);
  const byShard = new Map(departures.map((departure) => [shardOf(departure.origin), departure]));
  return [...byShard.values()].map((departure) => ({
    ...departure,
    departedAt: newestMs + CLOSING_MS,
  }));
}

function badRecords(): readonly BadRecord[] {
  const event = { origin: 'LAS', destination: 'PHL', delay: 33, distance: 2176 };
  const texts: Readonly<Record<string, string>> = {
    'no JSON': '{"departedAt": 978307260000, "origin": "LA',
    'another shape': '["LAS", "PHL"]',
    'no time': JSON.stringify(event),
    'a time in nanoseconds': JSON.stringify({ departedAt: 978_307_260_000_000_000, ...event }),
    'nested ten thousand deep': '['.repeat(10_000) + ']'.repeat(10_000),
    'nothing at all': '',
  };
  return [
    ...Object.entries(texts).map(([what, text]) => ({ what, data: Buffer.from(text, 'utf8') })),
    { what: 'wrong UTF-8', data: Buffer.from([0x22, 0xff, 0xfe, 0x22]) },
  ];
}
