import { createHash, hash } from 'node:crypto';

/** The part of the 128-bit key space that a shard owns; both ends inclusive. */
export interface HashRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** All of the key space. */
export const WHOLE_RANGE: HashRange = { start: 0n, end: 2n ** 128n - 1n };

/** Key groups are the 256 equal slices of the key space: the first byte of a key's MD5. */
export const KEY_GROUP_COUNT = 256;

/** The place of a key on the ring: MD5 of the UTF-8 of the key's text, as Kinesis hashes partition keys. */
export function hashOfKey(text: string): Uint8Array {
  // A third of what a hash object costs, and no handle for the garbage collector.
  return Buffer.from(hash('md5', text, 'binary'), 'latin1');
}

/** The key group of a hash: its first byte. */
export function keyGroupOf(hash: Uint8Array): number {
  return hash[0]!;
}

/** Whether a shard that owns `range` owns the key with this hash. */
export function ownsHash(range: HashRange, hash: Uint8Array): boolean {
  const place = BigInt(`0x${Buffer.from(hash).toString('hex')}`);
  return range.start <= place && place <= range.end;
}

/** MD5 of bytes as they are; packed (KPL-aggregated) records carry it as their checksum. */
export function md5Of(bytes: Uint8Array): Uint8Array {
  return createHash('md5').update(bytes).digest();
}
