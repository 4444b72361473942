// The 128-bit space that partition keys are hashed into. "Kinesis Data Streams terminology":
// MD5 maps a partition key to a 128-bit integer; every open shard owns one range, both ends inclusive.

import { type HashRange, hashOfKey } from '../../model/hash-range.ts';

const HASH_KEY_MAX = (1n << 128n) - 1n;

/** Keys repeat: remembering this many saves most of the cost of a put. */
const REMEMBERED_MAX = 10_000;
const remembered = new Map<string, bigint>();

/** The hash key of a partition key: MD5 of its UTF-8, big-endian. */
export function hashKeyOf(partitionKey: string): bigint {
  const known = remembered.get(partitionKey);
  if (known !== undefined) return known;
  const place = BigInt(`0x${Buffer.from(hashOfKey(partitionKey)).toString('hex')}`);
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(partitionKey, place);
  return place;
}

/** Cuts the space into `count` ranges that differ in length by one at most, as CreateStream does. */
export function uniformRanges(count: number): HashRange[] {
  const boundary = (index: number) => (BigInt(index) << 128n) / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    start: boundary(index),
    end: boundary(index + 1) - 1n,
  }));
}

/** Parses a decimal hash key as `ExplicitHashKey` and `NewStartingHashKey` carry it. */
export function parseHashKey(text: string): bigint | undefined {
  if (!/^(0|[1-9]\d{0,38})$/.test(text)) return undefined;
  const place = BigInt(text);
  return place <= HASH_KEY_MAX ? place : undefined;
}
