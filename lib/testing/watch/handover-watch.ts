// Watches the functions of foreachBatch sinks from outside: what they are called with is exactly what
// a commit holds for them, none is called before that commit, and each commit's rows have been taken
// by a call that ended well before the next commit of the log, or by the end. Repeats may come at any
// time, so nothing is said of their number.

import type { Plan } from '../../plan/plan.ts';
import type { JournalEntry } from './journal.ts';
import { nameOf, type ReportViolation } from './journal.ts';

interface CommittedHandover {
  readonly sinkUid: string;
  readonly commit: JournalEntry['commit'];
  /** The rows as they were committed, NDJSON. */
  readonly text: string;
  isTaken: boolean;
}

export class HandoverWatch {
  private readonly report: ReportViolation;
  /** By batch id. */
  private readonly committed = new Map<string, CommittedHandover>();

  constructor(report: ReportViolation) {
    this.report = report;
  }

  /** The plan with functions that are watched. */
  watched(plan: Plan): Plan {
    const nodes = plan.nodes.map((node) => {
      if (node.kind !== 'foreach-batch-sink') return node;
      const apply: typeof node.apply = async (rows, batchId, context) => {
        const handover = this.began(node.uid, batchId, rows);
        const returned = await node.apply(rows, batchId, context);
        if (handover !== undefined && !context.signal.aborted) handover.isTaken = true;
        return returned;
      };
      return { ...node, apply };
    });
    return { ...plan, nodes };
  }

  /** A commit holds rows for a function. */
  add(commit: JournalEntry['commit'], sinkUid: string, batchId: string, bytes: Uint8Array): void {
    if (this.committed.has(batchId)) {
      this.report('I3', `${nameOf(commit)}: its batch id ${batchId} is that of another commit`);
    }
    const text = Buffer.from(bytes).toString('utf8');
    this.committed.set(batchId, { sinkUid, commit, text, isTaken: false });
  }

  /** Whether some call with this id ended well. */
  isTaken(batchId: string): boolean {
    return this.committed.get(batchId)?.isTaken === true;
  }

  /** @param isOpen whether a commit is one that nobody can hand over any more */
  checkAll(isOpen: (header: JournalEntry['commit']['header']) => boolean): void {
    for (const [batchId, { commit, isTaken }] of this.committed) {
      if (!isTaken && !isOpen(commit.header))
        this.report('I3', `${nameOf(commit)}: no function has taken batch ${batchId}`);
    }
  }

  private began(
    sinkUid: string,
    batchId: string,
    rows: readonly unknown[],
  ): CommittedHandover | undefined {
    const handover = this.committed.get(batchId);
    if (handover?.sinkUid !== sinkUid) {
      this.report('I3', `${sinkUid} was given batch ${batchId}, which no commit holds for it`);
      return undefined;
    }
    if (rows.map((row) => `${JSON.stringify(row)}\n`).join('') === handover.text) return handover;
    this.report('I3', `${sinkUid} was given other rows than its batch ${batchId} has`);
    return undefined;
  }
}
