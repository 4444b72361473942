// Decides what the answer to an append means. The ring's condition (slot absent while N <= R, else
// holding exactly N - R) fences without clocks: whoever believes in an old head finds its slot taken
// by that batch number or by a later lap. A refusal therefore always says who was first, and a
// lost reply of my own write shows my own id. Anything the protocol cannot produce is corruption,
// and corruption is never taken for an empty slot.

import type { CommitHeader } from '../model/commit.ts';
import { isLaterLap } from './ring.ts';

export type AppendDecision =
  /** The commit is in the log, by this request or by an earlier try of it whose reply was lost. */
  | { readonly kind: 'committed' }
  /** Another attempt committed this batch number on the same head; fold it and go on. */
  | { readonly kind: 'fenced' }
  /** The slot is laps ahead; the warm state is too old to be caught up slot by slot. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'corrupt'; readonly why: string };

type SlotIdentity = Pick<
  CommitHeader,
  'commitId' | 'previousCommitId' | 'batchNumber' | 'ringSize' | 'incarnation'
>;

/** `stored` is what the slot held when the condition failed; `null` when it was empty. */
export function decideRefusedAppend(
  mine: SlotIdentity,
  stored: SlotIdentity | null,
): AppendDecision {
  if (stored === null) return corrupt(`the slot of batch ${mine.batchNumber} is empty`);
  if (stored.commitId === mine.commitId) return { kind: 'committed' };
  if (stored.ringSize !== mine.ringSize) {
    return corrupt(`the log has ${stored.ringSize} slots, the writer assumes ${mine.ringSize}`);
  }
  if (stored.incarnation !== mine.incarnation) {
    return corrupt(`the log belongs to incarnation ${stored.incarnation}`);
  }
  if (stored.batchNumber === mine.batchNumber) return decideSameNumber(mine, stored);
  if (isLaterLap(stored.batchNumber, mine.batchNumber, mine.ringSize)) return { kind: 'overtaken' };
  return corrupt(`the slot of batch ${mine.batchNumber} holds batch ${stored.batchNumber}`);
}

function decideSameNumber(mine: SlotIdentity, stored: SlotIdentity): AppendDecision {
  if (stored.previousCommitId === mine.previousCommitId) return { kind: 'fenced' };
  return corrupt(`batch ${mine.batchNumber} is stored with another predecessor`);
}

const corrupt = (why: string): AppendDecision => ({ kind: 'corrupt', why });
