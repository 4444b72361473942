// MurmurHash3 of Austin Appleby, the variant with 32 bits for x86, over the UTF-16 units of a text as
// little-endian bytes: two units are one block, so no text is ever encoded. It is fixed for ever,
// because stored sketches are made of it, and it resists no attacker.

const FIRST = 0xcc9e2d51;
const SECOND = 0x1b873593;

/** 32 bits as a signed integer. */
export function murmurHash(text: string, seed: number): number {
  const { length } = text;
  let hash = seed | 0;
  for (let index = 0; index + 1 < length; index += 2) {
    hash ^= mixed(text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (length % 2 === 1) hash ^= mixed(text.charCodeAt(length - 1));
  hash ^= length * 2;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mixed(block: number): number {
  const product = Math.imul(block, FIRST);
  return Math.imul((product << 15) | (product >>> 17), SECOND);
}
