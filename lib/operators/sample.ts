// A share of the keys. Whether a key is part of it is read off its hash, so that all rows of a key
// fall on the same side, in every shard, sandbox and replay.

import { hashOfKey } from '../model/hash-range.ts';
import type { SampleNode } from '../plan/plan.ts';
import { placeTextReader } from './key.ts';
import type { Push } from './pass.ts';

/** Keys whose side is remembered; after that all are forgotten at once. */
const KNOWN_MAX = 65_536;
/** Bytes of the hash that decide: as many as make an exact number. */
const DECIDING_BYTES = 6;

/** Wires the sample in front of `next`. */
export function createSample({ key, rate, uid }: SampleNode, next: Push): Push {
  const keyText = placeTextReader(key.selectors, uid);
  const known = new Map<string, boolean>();
  const isKept = (text: string): boolean => {
    const remembered = known.get(text);
    if (remembered !== undefined) return remembered;
    if (known.size >= KNOWN_MAX) known.clear();
    const kept = placeOf(text) < rate;
    known.set(text, kept);
    return kept;
  };
  return (row, timeMs) => {
    if (isKept(keyText(row))) next(row, timeMs);
  };
}

/** The place of a key between 0 and 1. */
function placeOf(text: string): number {
  const hash = hashOfKey(text);
  let place = 0;
  for (let index = DECIDING_BYTES - 1; index >= 0; index -= 1) place = (place + hash[index]!) / 256;
  return place;
}
