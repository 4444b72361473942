// The order in which sessions come out: by start, then by key group and key. Thousands end with a
// batch, and a sort that calls back for each comparison would be an eighth of what closing them costs.

import type { KeyDictionary } from '../state/key-dictionary.ts';
import { byKey } from './kept-rows.ts';

/** What decides about the order. */
interface Started {
  readonly keyId: number;
  readonly startMs: number;
}

/** The sessions in order: runs of 1, 2, 4, … are merged from one array into the other. */
export function inOrder<Session extends Started>(
  sessions: readonly Session[],
  keys: KeyDictionary,
): Session[] {
  const keyOrder = byKey(keys);
  const count = sessions.length;
  let from = sessions.slice();
  let to = sessions.slice();
  for (let run = 1; run < count; run *= 2) {
    for (let start = 0; start < count; start += 2 * run) {
      const middle = Math.min(start + run, count);
      const end = Math.min(start + 2 * run, count);
      let left = start;
      let right = middle;
      for (let place = start; place < end; place += 1) {
        let isLeft = right === end;
        if (!isLeft && left < middle) {
          const one = from[left]!;
          const other = from[right]!;
          const order = one.startMs - other.startMs;
          isLeft = order === 0 ? keyOrder(one.keyId, other.keyId) <= 0 : order < 0;
        }
        to[place] = isLeft ? from[left++]! : from[right++]!;
      }
    }
    const sorted = to;
    to = from;
    from = sorted;
  }
  return from;
}
