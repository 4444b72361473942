// Real events: US flights of 2001 from the npm package vega-datasets, three million rows ordered by
// departure time. They are pushed as such things arrive in life: slightly out of order.

import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Departure } from './naive.ts';

const FLIGHTS = join(
  import.meta.dirname,
  '../../node_modules/vega-datasets/data/flights-3m.parquet',
);

/** Rows that the file holds. */
export const FLIGHTS_MAX = 3_000_000;

/** Events stay less than this behind the newest one pushed before them: the pipeline's watermark delay. */
const OUT_OF_ORDER_MS = 10 * 60_000;

/** The first `count` departures of the data set, by departure time. */
export async function readDepartures(count: number): Promise<readonly Departure[]> {
  const file = await asyncBufferFromFile(FLIGHTS);
  const rows = await parquetReadObjects({ file, compressors, rowStart: 0, rowEnd: count });
  return rows.map((row) => ({
    departedAt: (row['date'] as Date).getTime(),
    origin: String(row['origin']),
    destination: String(row['destination']),
    delay: Number(row['delay']),
    distance: Number(row['distance']),
  }));
}

/**
 * The same departures in the order of departure time plus a random wait of less than ten minutes:
 * whatever comes before an event is then less than ten minutes newer than it.
 */
export function slightlyOutOfOrder(
  departures: readonly Departure[],
  seed: number,
): readonly Departure[] {
  const random = seededRandom(seed);
  return departures
    .map((departure) => ({ departure, place: departure.departedAt + random() * OUT_OF_ORDER_MS }))
    .sort((one, other) => one.place - other.place)
    .map(({ departure }) => departure);
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
