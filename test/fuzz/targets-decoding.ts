import { decodeBatch } from '../../lib/decoding/decode-batch.ts';
import type { DecodedBatch } from '../../lib/decoding/decoded-batch.ts';
import { isAggregate } from '../../lib/decoding/kpl-aggregate.ts';
import { JSON_DEPTH_MAX } from '../../lib/model/limits.ts';
import { encodeAggregate, sealMessage, type UserRecord } from '../support/kpl.ts';
import { aRecord, positionAt } from '../support/records.ts';
import type { FuzzTarget } from './fuzz.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';

/** Delivered records never make the decoder throw: what is no event has a reason. */
const never = () => false;

const events = [
  '{"eventId":"e1","list":[1,2,{"a":null}],"text":"a\\u00e9\\ud83d\\ude00b","n":-1.5e3}',
  '{"name":"Zürich","at":"2001-01-01T00:00:00.000Z","amount":"12.30","ok":true}',
  '{"a":{"b":{"c":{"d":[[[[]]]]}}},"__proto__":{"x":1},"constructor":null}',
  '[{"key":"a"},{"key":"b"}]',
  '"only a text"',
  '1e308',
];
const plainSeeds = [...events, `${'['.repeat(JSON_DEPTH_MAX)}${']'.repeat(JSON_DEPTH_MAX)}`].map(
  (text) => Buffer.from(text),
);

const packed: readonly (readonly UserRecord[])[] = [
  [
    { partitionKey: 'ada', data: events[0]! },
    { partitionKey: 'bob', explicitHashKey: '12', data: events[1]! },
    { partitionKey: 'ada', data: '{}' },
  ],
  [{ partitionKey: 'é', explicitHashKey: '340282366920938463463374607431768211455', data: '' }],
  Array.from({ length: 20 }, (_, index) => ({ partitionKey: `k${index}`, data: `${index}` })),
];
const MAGIC_BYTES = 4;
const CHECKSUM_BYTES = 16;
const aggregateSeeds = packed.map((records) => encodeAggregate(records));
const messageSeeds = aggregateSeeds.map((bytes) => bytes.subarray(MAGIC_BYTES, -CHECKSUM_BYTES));

/** Looks at every entry twice: what is said of it must not depend on the neighbours or the order. */
function readAll(batch: DecodedBatch): void {
  for (let index = 0; index < batch.count; index += 1) {
    const event = batch.event(index);
    const reject = batch.rejectOf(index);
    if ((event === undefined) !== (reject !== null)) throw new Error(`entry ${index} is undecided`);
    if (reject !== null && (reject.reason as string) === '') throw new Error('no reason');
    if (batch.bytesOf(index).length !== batch.byteLengthOf(index)) throw new Error('length is off');
    // An event must be writable again: it stands in dead letters and in state.
    if (event !== undefined) JSON.stringify(event);
  }
}

const rejectsOf = (batch: DecodedBatch) =>
  Array.from({ length: batch.count }, (_, index) => batch.rejectOf(index));

const neighbour = aRecord('{"neighbour":true}', 9);

/** The mutated record stands between two good ones, which must come through. */
function readBetween(data: string): void {
  const record = aRecord('', 5, { data });
  const batch = decodeBatch([aRecord('{"neighbour":true}', 1), record, neighbour], positionAt(0));
  readAll(batch);
  for (const index of [0, batch.count - 1]) {
    const event = batch.event(index) as { neighbour?: boolean } | undefined;
    if (event?.neighbour !== true) throw new Error('a neighbour was lost');
  }
  if (batch.duplicateCount !== 0) throw new Error('a duplicate was invented');
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

export const decodingTargets: readonly FuzzTarget[] = [
  {
    name: 'json event',
    seeds: plainSeeds,
    mutate: mutateJson,
    read: (bytes) => readBetween(base64(bytes)),
    refuses: never,
  },
  {
    name: 'kinesis record',
    seeds: [...plainSeeds, ...aggregateSeeds].map((bytes) => Buffer.from(base64(bytes))),
    mutate: mutateBytes,
    read: (bytes) => readBetween(Buffer.from(bytes).toString('latin1')),
    refuses: never,
  },
  {
    name: 'kpl aggregate',
    seeds: aggregateSeeds,
    mutate: mutateBytes,
    read(bytes) {
      readBetween(base64(bytes));
      const range = { start: 0, end: bytes.length };
      if (!isAggregate(bytes, range) || aggregateSeeds.some((seed) => seed.equals(bytes))) return;
      const [reject] = rejectsOf(decodeBatch([aRecord(bytes)], null));
      if (reject?.reason !== 'kpl-malformed') throw new Error('its checksum was forged');
    },
    refuses: never,
  },
  {
    name: 'kpl message under a valid checksum',
    seeds: messageSeeds,
    mutate: mutateBytes,
    read: (bytes) => readBetween(base64(sealMessage(bytes))),
    refuses: never,
  },
];
