// Follows the chain of commits from a known head through slots as they were read. Every step checks
// the number and the previous commit id. The end is where the previous lap begins or where nothing
// was ever written; everything else is an old pointer (read it again) or corruption (stop): a hole
// is never taken for the end.

import type { Commit } from '../model/commit.ts';
import type { BatchNumber, CommitId } from '../model/ids.ts';
import { isLaterLap, slotOf } from './ring.ts';

export interface ChainHead {
  /** 0 before the first commit. */
  readonly batchNumber: number;
  readonly commitId: CommitId | null;
}

export type ChainStep =
  /** The slots read were all links; more may follow. */
  | { readonly kind: 'more'; readonly links: readonly Commit[] }
  /** The last link is the head of the log. */
  | { readonly kind: 'end'; readonly links: readonly Commit[] }
  /** A later lap has been here: the checkpoint that was started from is too old. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'corrupt'; readonly why: string };

/**
 * `slots` are consecutive slots in the order read, beginning with the one after `head`;
 * `complete` says that no slot up to the end of the ring was left out by a limit.
 */
export function followChain(
  head: ChainHead,
  slots: readonly Commit[],
  read: { readonly ringSize: number; readonly complete: boolean },
): ChainStep {
  const links: Commit[] = [];
  let { batchNumber, commitId } = head;
  for (const commit of slots) {
    const { header } = commit;
    const next = (batchNumber + 1) as BatchNumber;
    if (header.ringSize !== read.ringSize) {
      return corrupt(`batch ${header.batchNumber} was written for ${header.ringSize} slots`);
    }
    if (header.batchNumber === next) {
      if (header.previousCommitId !== commitId) {
        return corrupt(`batch ${next} does not follow commit ${commitId ?? 'none'}`);
      }
      links.push(commit);
      batchNumber = next;
      commitId = header.commitId;
      continue;
    }
    return endOrBreak(next, header.batchNumber, { links, ringSize: read.ringSize });
  }
  const next = (batchNumber + 1) as BatchNumber;
  const wrapped = links.length > 0 && slotOf(next, read.ringSize) === 0;
  if (!read.complete || wrapped) return { kind: 'more', links };
  if (next > read.ringSize) return corrupt(`the slot of batch ${next} is empty`);
  return { kind: 'end', links };
}

function endOrBreak(
  next: BatchNumber,
  found: BatchNumber,
  read: { readonly links: readonly Commit[]; readonly ringSize: number },
): ChainStep {
  if (found === next - read.ringSize) return { kind: 'end', links: read.links };
  // Slot 0 is written last in the first lap: until then slot 1 with batch 1 stands behind the head.
  if (next === read.ringSize && found === 1) return { kind: 'end', links: read.links };
  if (isLaterLap(found, next, read.ringSize)) return { kind: 'overtaken' };
  return corrupt(`batch ${found} stands where batch ${next} belongs`);
}

const corrupt = (why: string): ChainStep => ({ kind: 'corrupt', why });
