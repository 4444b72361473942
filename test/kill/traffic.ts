// What is pushed while sandboxes die, drawn from a seed: events slightly out of order, some of them
// twice, some packed by the Kinesis Producer Library, a pack of events with long keys now and then,
// events that are late for certain, and records that are no events or stand in a wrong shard.

import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { seededRandom } from '../../localstack/demo/flights.ts';
import type { Departure } from '../../localstack/demo/naive.ts';
import type { StreamWriter } from '../../localstack/demo/push.ts';
import type { BadRecord } from '../../localstack/demo/stream-script.ts';
import { MARCH_MS } from '../support/departures.ts';
import { encodeAggregate } from '../support/kpl.ts';

/** What the naive computation has to know of all that was pushed. */
export interface Pushed {
  readonly onTime: Departure[];
  readonly late: Departure[];
  readonly bad: BadRecord[];
}

export interface Traffic {
  readonly pushed: Pushed;
  readonly recordCount: () => number;
  /** One event for every shard: what is a day older is late from then on, however batches are cut. */
  open(): readonly PutRecordsRequestEntry[];
  /** Many small batches of one shard, whose state stays small: its log is folded early and often. */
  lengthen(batchCount: number): readonly PutRecordsRequestEntry[];
  /** Some of everything for every shard. */
  round(): readonly PutRecordsRequestEntry[];
  /** One event per shard that closes every window of the others. */
  close(): readonly PutRecordsRequestEntry[];
}

const ORIGINS = Array.from({ length: 40 }, (_, index) => `gate ${index}`);
const EVENTS_PER_ROUND = 120;
/** Event time that passes in one round: an hour ends in every other one. */
const ROUND_MS = 40 * 60_000;
/** Less than the delay of the watermark, so that no event of the round is late. */
const BEHIND_MS = 9 * 60_000;
/** A window that begins before the closing event is over by then. */
const CLOSING_MS = 2 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
const REPEATED_SHARE = 0.03;
const LATE_PER_ROUND = 4;
const PACK_EVENTS = 12;
/** Long keys that cannot be compressed: their delta is too large to stand in the commit. */
const LONG_KEYS = 260;
const LONG_KEY_BYTES = 1_500;
const LONG_KEYS_EVERY_ROUNDS = 4;

export function createTraffic(options: {
  readonly seed: number;
  readonly batchSize: number;
  readonly writer: StreamWriter;
}): Traffic {
  const { batchSize, writer } = options;
  const random = seededRandom(options.seed + 1_000_003);
  const below = (limit: number) => Math.floor(random() * limit);
  const pushed: Pushed = { onTime: [], late: [], bad: [] };
  const originsOf = new Map(
    writer.shardIds.map((shardId) => [
      shardId,
      ORIGINS.filter((origin) => writer.shardOf(origin) === shardId),
    ]),
  );
  const [lengthened, ...others] = writer.shardIds;
  let fromMs = MARCH_MS;
  let roundCount = 0;

  const departure = (origin: string, departedAt: number): Departure => ({
    departedAt,
    origin,
    destination: ORIGINS[below(ORIGINS.length)]!,
    // Fractions, so that the order of addition shows in the last bits.
    delay: below(20_000) / 100 - 20,
    distance: below(3_000),
  });
  const onTime = (departures: readonly Departure[]) => {
    pushed.onTime.push(...departures);
    return departures;
  };
  const eventsOfRound = () => {
    const stepMs = ROUND_MS / EVENTS_PER_ROUND;
    return Array.from({ length: EVENTS_PER_ROUND }, (_, index) =>
      departure(
        ORIGINS[below(ORIGINS.length)]!,
        Math.floor(fromMs + BEHIND_MS + index * stepMs - random() * BEHIND_MS),
      ),
    ).flatMap((event) => (random() < REPEATED_SHARE ? [event, event] : [event]));
  };
  /** One event of each shard. */
  const everywhere = (departedAt: number) =>
    onTime([...originsOf.values()].map(([origin]) => departure(origin!, departedAt))).map(entryOf);
  const lateEvents = () => {
    const late = Array.from({ length: LATE_PER_ROUND }, () =>
      departure(ORIGINS[below(ORIGINS.length)]!, MARCH_MS - DAY_MS - below(DAY_MS)),
    );
    pushed.late.push(...late);
    return late.map(entryOf);
  };
  const badRecords = () => {
    const bad = [
      { what: ORIGINS[below(ORIGINS.length)]!, data: json(['no', 'event', below(1e9)]) },
      { what: ORIGINS[below(ORIGINS.length)]!, data: Buffer.from(`{"departedAt": ${below(1e9)}`) },
      strayRecord(),
    ];
    pushed.bad.push(...bad);
    return bad.map(({ what, data }) => ({ PartitionKey: what, Data: data }));
  };
  /** A good event in the shard of another key. */
  const strayRecord = (): BadRecord => {
    const origin = ORIGINS[below(ORIGINS.length)]!;
    const strangers = ORIGINS.filter((key) => writer.shardOf(key) !== writer.shardOf(origin));
    return { what: strangers[below(strangers.length)]!, data: json(departure(origin, fromMs)) };
  };
  const longKeys = (shardId: string) => {
    const keys: string[] = [];
    while (keys.length < LONG_KEYS) {
      const key = Buffer.from(Array.from({ length: LONG_KEY_BYTES }, () => below(256)));
      const text = key.toString('base64');
      if (writer.shardOf(text) === shardId) keys.push(text);
    }
    return keys;
  };
  /** One record, so that it is one batch with whatever comes along with it. */
  const longPack = (): PutRecordsRequestEntry => {
    const shardId = others[below(others.length)]!;
    const atMs = fromMs + ROUND_MS;
    return packOf(
      onTime(longKeys(shardId).map((origin) => departure(origin, atMs))),
      originsOf.get(shardId)![0]!,
    );
  };

  return {
    pushed,
    recordCount: () => pushed.onTime.length + pushed.late.length + pushed.bad.length,
    open: () => everywhere(fromMs),
    lengthen(batchCount) {
      const [origin] = originsOf.get(lengthened!)!;
      const events = Array.from({ length: batchCount * batchSize }, () =>
        departure(origin!, fromMs),
      );
      return onTime(events).map(entryOf);
    },
    round() {
      roundCount += 1;
      const events = eventsOfRound();
      const records = writer.shardIds.flatMap((shardId) => {
        const own = onTime(events.filter(({ origin }) => writer.shardOf(origin) === shardId));
        const packed = own.slice(0, PACK_EVENTS);
        return [packOf(packed), ...own.slice(PACK_EVENTS).map(entryOf)];
      });
      const long = roundCount % LONG_KEYS_EVERY_ROUNDS === 1 ? [longPack()] : [];
      fromMs += ROUND_MS;
      return [...records, ...lateEvents(), ...badRecords(), ...long];
    },
    close: () => everywhere(fromMs + ROUND_MS + CLOSING_MS),
  };
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value), 'utf8');

const entryOf = (departure: Departure): PutRecordsRequestEntry => ({
  PartitionKey: departure.origin,
  Data: json(departure),
});

/** Events of one shard in one record, under a partition key of that shard. */
function packOf(
  departures: readonly Departure[],
  partitionKey = departures[0]!.origin,
): PutRecordsRequestEntry {
  return {
    PartitionKey: partitionKey,
    Data: encodeAggregate(
      departures.map((departure) => ({
        partitionKey: departure.origin.slice(0, 256),
        data: json(departure),
      })),
    ),
  };
}
