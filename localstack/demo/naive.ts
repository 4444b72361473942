// The plain computation that the results are compared with. It shares no code with the engine: one
// pass over the events in the order in which they were pushed, and a map.

export interface Departure {
  /** Milliseconds since 1970; the local times of the data set are taken as UTC. */
  readonly departedAt: number;
  readonly origin: string;
  readonly destination: string;
  /** Minutes; negative when the flight was early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
}

/** Departures of one airport in one hour, as both outputs state it. */
export interface HourRow {
  readonly origin: string;
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly flights: number;
  readonly meanDelay: number;
  readonly worstDelay: number;
}

const HOUR_MS = 3_600_000;
const WATERMARK_DELAY_MS = 10 * 60_000;

/** One row per airport and hour, by `rowId`. */
export function departuresByHour(departures: readonly Departure[]): ReadonlyMap<string, HourRow> {
  const sums = new Map<string, { flights: number; delays: number; worst: number }>();
  for (const { origin, departedAt, delay } of departures) {
    const id = rowId(origin, isoTime(startOfHour(departedAt)));
    const sum = sums.get(id);
    if (sum === undefined) {
      sums.set(id, { flights: 1, delays: delay, worst: delay });
    } else {
      sum.flights += 1;
      sum.delays += delay;
      sum.worst = Math.max(sum.worst, delay);
    }
  }
  return new Map([...sums].map(([id, sum]) => [id, rowOf(id, sum)]));
}

/**
 * The rows whose hour is over for their shard: its end is at most the newest departure pushed to
 * that shard minus the ten minutes that events may be out of order.
 */
export function closedHours(
  rows: ReadonlyMap<string, HourRow>,
  departures: readonly Departure[],
  shardOf: (origin: string) => string,
): ReadonlyMap<string, HourRow> {
  const newest = new Map<string, number>();
  for (const { origin, departedAt } of departures) {
    const shard = shardOf(origin);
    newest.set(shard, Math.max(newest.get(shard) ?? departedAt, departedAt));
  }
  const isClosed = ({ origin, windowEnd }: HourRow) =>
    Date.parse(windowEnd) <= (newest.get(shardOf(origin)) ?? 0) - WATERMARK_DELAY_MS;
  return new Map([...rows].filter(([, row]) => isClosed(row)));
}

/** Names a row: an airport and the hour's start. */
export function rowId(origin: string, windowStart: string): string {
  return JSON.stringify([origin, windowStart]);
}

function rowOf(id: string, sum: { flights: number; delays: number; worst: number }): HourRow {
  const [origin, windowStart] = JSON.parse(id) as [string, string];
  return {
    origin,
    windowStart,
    windowEnd: isoTime(Date.parse(windowStart) + HOUR_MS),
    flights: sum.flights,
    meanDelay: sum.delays / sum.flights,
    worstDelay: sum.worst,
  };
}

const startOfHour = (timeMs: number) => Math.floor(timeMs / HOUR_MS) * HOUR_MS;
const isoTime = (timeMs: number) => new Date(timeMs).toISOString();
