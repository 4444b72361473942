// Finds the record that kills the process. A note in the pointer item counts the starts on one
// head. From the third on the batch is taken in prefixes, half as long after each further death, down
// to one record; if that one kills the process too, it is set aside unread. A note belongs to one
// head, so every commit starts the count anew. Only deaths count: the note is written after recovery
// and publication, right before user code runs, and an attempt that ends with a caught error leaves a
// process behind that takes the count back.

import type { AttemptNote } from '../model/commit.ts';
import type { BatchNumber } from '../model/ids.ts';
import { ATTEMPTS_BEFORE_ISOLATION } from '../model/limits.ts';

/** What the next prefix may take. */
export interface Pace {
  /** What to write before user code runs; `null` when nothing needs to be noted. */
  readonly note: AttemptNote | null;
  readonly recordsMax: number;
  /** The next record has killed a process on its own: make it a dead letter without running user code. */
  readonly poison: boolean;
}

export const FULL_PACE: Pace = { note: null, recordsMax: Infinity, poison: false };

/** What a start on `head` with `pending` records may take, given the note that was found. */
export function decidePace(
  found: AttemptNote | null,
  start: { readonly head: BatchNumber; readonly pending: number },
): Pace {
  const { head } = start;
  if (found === null || found.head !== head) {
    return { ...FULL_PACE, note: { head, attempts: 1, pending: null } };
  }
  const attempts = found.attempts + 1;
  if (attempts < ATTEMPTS_BEFORE_ISOLATION) {
    return { ...FULL_PACE, note: { head, attempts, pending: null } };
  }
  const note = { head, attempts, pending: found.pending ?? start.pending };
  const wasAlone =
    attempts > ATTEMPTS_BEFORE_ISOLATION && prefixLength({ ...note, attempts: attempts - 1 }) === 1;
  return { note, recordsMax: prefixLength(note), poison: wasAlone };
}

/** After a prefix was committed in isolation the next one keeps its length, on the new head. */
export function continuePace(pace: Pace, head: BatchNumber): Pace {
  if (pace.recordsMax === Infinity || pace.poison) return FULL_PACE;
  const attempts = ATTEMPTS_BEFORE_ISOLATION;
  const { recordsMax } = pace;
  return { note: { head, attempts, pending: 2 * recordsMax }, recordsMax, poison: false };
}

/** The note as it was before this attempt, which did not kill the process. */
export function takeBack(note: AttemptNote): AttemptNote {
  return { ...note, attempts: note.attempts - 1 };
}

function prefixLength(note: { readonly attempts: number; readonly pending: number }): number {
  const halvings = note.attempts - ATTEMPTS_BEFORE_ISOLATION + 1;
  return Math.max(1, Math.ceil(note.pending / 2 ** halvings));
}
