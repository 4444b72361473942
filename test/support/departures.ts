// Departures for the integration scenarios: seeded, in event time from a given moment on, and as much
// out of order as a scenario asks for.

import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { seededRandom } from '../../localstack/demo/flights.ts';
import type { Departure } from '../../localstack/demo/naive.ts';

const AIRPORTS = ['ATL', 'LAX', 'ORD', 'DFW', 'PHX', 'DTW', 'LAS', 'SLC', 'STL', 'EWR', 'ANC'];

/** The 1st of March 2024, 00:00 UTC. */
export const MARCH_MS = Date.UTC(2024, 2, 1);

/**
 * `count` departures, `stepMs` apart on average, each less than `behindMs` behind the newest one
 * before it. Delays have fractions, so that the order of addition shows in the last bits.
 */
export function aDayOf(options: {
  readonly count: number;
  readonly seed?: number;
  readonly fromMs?: number;
  readonly stepMs?: number;
  readonly behindMs?: number;
}): readonly Departure[] {
  const { count, seed = 1, fromMs = MARCH_MS, stepMs = 1_000, behindMs = 600_000 } = options;
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => ({
    departedAt: Math.max(fromMs, fromMs + index * stepMs - Math.floor(random() * behindMs)),
    origin: AIRPORTS[Math.floor(random() * AIRPORTS.length)]!,
    destination: AIRPORTS[Math.floor(random() * AIRPORTS.length)]!,
    delay: Math.floor(random() * 20_000 - 2_000) / 100,
    distance: Math.floor(random() * 3_000),
  }));
}

/** A departure as it is put into the stream. */
export const aRecordOf = (departure: Departure): PutRecordsRequestEntry => ({
  PartitionKey: departure.origin,
  Data: Buffer.from(JSON.stringify(departure), 'utf8'),
});
