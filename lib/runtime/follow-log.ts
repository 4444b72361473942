// Reads the commits after a known head, page by page, until the head of the log. A page asks for
// little more than is expected, because the slots behind the head hold the previous lap and would be
// paid for; the limit doubles while every slot read was a link. Each link was checked against its
// predecessor before it is handed on, in order.

import type { Commit } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import type { BatchNumber, LogId } from '../model/ids.ts';
import type { CommitLog, CommitPage } from '../ports/commit-log.ts';
import { type ChainHead, followChain } from '../protocol/chain.ts';
import { planSlotRange } from '../protocol/ring.ts';

export interface LogPosition {
  readonly log: LogId;
  readonly ringSize: number;
  readonly head: ChainHead;
}

/** Starts the first read, so that it can run beside other work. */
export function readAfter(
  commits: CommitLog,
  position: LogPosition,
  expected: number,
): Promise<CommitPage> {
  const first = (position.head.batchNumber + 1) as BatchNumber;
  const range = planSlotRange(first, { size: position.ringSize, expected: expected + 1 });
  return commits.read({ log: position.log, ...range });
}

/**
 * Hands every commit after `position` to `onLinks`, a page at a time. `overtaken`: a later lap has
 * passed, the reader started from an old pointer.
 */
export async function followLog(
  commits: CommitLog,
  position: LogPosition,
  reading: {
    readonly expected: number;
    readonly firstPage?: CommitPage;
    readonly onLinks: (links: readonly Commit[]) => Promise<void>;
  },
): Promise<'end' | 'overtaken'> {
  let { head } = position;
  let expected = reading.expected;
  let page = reading.firstPage ?? (await readAfter(commits, position, expected));
  for (let pageCount = 1; pageCount <= position.ringSize; pageCount += 1) {
    const step = followChain(head, page.commits, {
      ringSize: position.ringSize,
      complete: !page.truncated,
    });
    if (step.kind === 'overtaken') return 'overtaken';
    if (step.kind === 'corrupt') {
      throw new EngineError('data', `commit log ${position.log}: ${step.why}`, {
        code: 'log-corrupt',
      });
    }
    await reading.onLinks(step.links);
    if (step.kind === 'end') return 'end';
    const last = step.links.at(-1)?.header;
    if (last !== undefined) head = { batchNumber: last.batchNumber, commitId: last.commitId };
    expected *= 2;
    page = await readAfter(commits, { ...position, head }, expected);
  }
  return 'overtaken';
}
