// Finds the record that kills the process. A note counts the starts of one shard at one record that
// user code did not survive. From the third on the batch is taken in prefixes, half as long
// after each further death, down to one record; if that one kills three processes all alone, it is
// set aside unread. A note belongs to one first record, so every commit of the shard starts the count
// anew; the head is no part of it, because other shards of a shared log, and batches without records,
// move the head while this record waits. The note is written right before user code runs and taken back right after it, so a death at
// another place counts only if it hits the request that takes the note back: six of those in a row at
// one record would set a good record aside, as a dead letter with its bytes.

import type { AttemptNote } from '../model/commit.ts';
import { ATTEMPTS_BEFORE_ISOLATION, LONE_DEATHS_MAX } from '../model/limits.ts';

/** What the next prefix may take. */
export interface Pace {
  /** What to write before user code runs; `null` when nothing needs to be noted. */
  readonly note: AttemptNote | null;
  readonly recordsMax: number;
  /** The next record has killed processes on its own: make it a dead letter without running user code. */
  readonly poison: boolean;
}

export const FULL_PACE: Pace = { note: null, recordsMax: Infinity, poison: false };

/** Where an attempt starts. */
export type AttemptStart = Pick<AttemptNote, 'head' | 'first'>;

/** What a start with `pending` records may take, given the note that was found. */
export function decidePace(
  found: AttemptNote | null,
  start: AttemptStart & { readonly pending: number },
): Pace {
  const { head, first } = start;
  if (found === null || found.first !== first) {
    return { ...FULL_PACE, note: { head, first, attempts: 1, pending: null } };
  }
  const attempts = found.attempts + 1;
  if (attempts < ATTEMPTS_BEFORE_ISOLATION) {
    return { ...FULL_PACE, note: { head, first, attempts, pending: null } };
  }
  const note = { head, first, attempts, pending: found.pending ?? start.pending };
  const poison =
    attempts >= ATTEMPTS_BEFORE_ISOLATION + LONE_DEATHS_MAX &&
    prefixLength({ ...note, attempts: attempts - LONE_DEATHS_MAX }) === 1;
  return { note, recordsMax: prefixLength(note), poison };
}

/** After a prefix was committed in isolation the next one keeps its length, on the new head. */
export function continuePace(pace: Pace, start: AttemptStart): Pace {
  if (pace.recordsMax === Infinity || pace.poison) return FULL_PACE;
  const { recordsMax } = pace;
  const note = { ...start, attempts: ATTEMPTS_BEFORE_ISOLATION, pending: 2 * recordsMax };
  return { note, recordsMax, poison: false };
}

/** The note as it was before a start that did not kill the process. */
export function takeBack(note: AttemptNote): AttemptNote {
  return { ...note, attempts: note.attempts - 1 };
}

function prefixLength(note: { readonly attempts: number; readonly pending: number }): number {
  const halvings = note.attempts - ATTEMPTS_BEFORE_ISOLATION + 1;
  return Math.max(1, Math.ceil(note.pending / 2 ** halvings));
}
