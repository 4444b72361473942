// Seeded events in the shape of common stream benchmarks: about 200 bytes of flat JSON, 10,000 users
// with skew, 5 types, 20 countries, 1,000 events a second of event time, disorder up to 2 s.

import type { DeliveredRecord } from '../lib/model/record.ts';

export interface BenchEvent {
  readonly eventId: string;
  readonly userId: string;
  readonly type: string;
  readonly country: string;
  readonly amount: number;
  readonly ts: number;
  readonly ua: string;
}

const USERS = 10_000;
/** A multiple of ten seconds, so that windows begin with the events. */
const START_MS = 1_700_000_000_000;
const DISORDER_MS = 2_000;
const COUNTRIES = 'US GB DE FR ES IT NL SE NO FI DK PL PT JP IN BR CA AU MX ZA'.split(' ');
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) filler-';
const TYPES = [
  ['view', 0.5],
  ['click', 0.75],
  ['cart', 0.87],
  ['purchase', 0.95],
  ['search', 1],
] as const;

/** The first `count` events of a seed; the same on every machine. */
function* generateEvents(count: number, seed = 42): Generator<BenchEvent> {
  const random = mulberry32(seed);
  const user = skewedUsers(random);
  for (let index = 0; index < count; index += 1) {
    const amount = (1 + Math.floor(random() * random() * 50_000)) / 100;
    yield {
      eventId: `e${String(index).padStart(9, '0')}`,
      userId: `user-${String(user()).padStart(5, '0')}`,
      type: pick(random()),
      country: COUNTRIES[Math.floor(random() * random() * COUNTRIES.length)]!,
      amount,
      ts: START_MS + DISORDER_MS + index - Math.floor(random() * (DISORDER_MS + 1)),
      ua: `${AGENT}${index % 97}`,
    };
  }
}

/**
 * Events as the event source mapping delivers them, one Lambda event as JSON per batch. Only its text
 * is kept: thousands of live records would make the garbage collector slower than it is in a sandbox,
 * which holds one batch at a time.
 */
export function deliveredBatches(batchCount: number, batchSize: number, seed = 42): Buffer[] {
  const batches: Buffer[] = [];
  let records: DeliveredRecord[] = [];
  let index = 0;
  for (const event of generateEvents(batchCount * batchSize, seed)) {
    records.push(deliver(event, index));
    index += 1;
    if (records.length < batchSize) continue;
    batches.push(Buffer.from(JSON.stringify(records)));
    records = [];
  }
  return batches;
}

/** The records of a batch, fresh. */
export function recordsOf(batch: Buffer): readonly DeliveredRecord[] {
  return JSON.parse(batch.toString('latin1'));
}

function deliver(event: BenchEvent, index: number): DeliveredRecord {
  const sequenceNumber = `4959033827149025660855969253836157109592157598913658${String(index).padStart(4, '0')}`;
  return {
    kinesis: {
      sequenceNumber,
      partitionKey: event.userId,
      data: Buffer.from(JSON.stringify(event)).toString('base64'),
      approximateArrivalTimestamp: event.ts / 1_000,
    },
    eventID: `shardId-000000000000:${sequenceNumber}`,
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/bench',
  };
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Zipf-Mandelbrot with exponent 1 and offset 5: the most active user makes 2.2 % of the events. */
function skewedUsers(random: () => number): () => number {
  const cumulative = new Float64Array(USERS);
  let total = 0;
  for (let user = 0; user < USERS; user += 1) {
    total += 1 / (user + 6);
    cumulative[user] = total;
  }
  return () => {
    const place = random() * total;
    let [low, high] = [0, USERS - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! < place) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function pick(place: number): string {
  return TYPES.find(([, until]) => place < until)![0];
}
