// Watches lineage from outside: no fold leaves a batch out, and each line says what the commit that it
// is about says in its header and its outbox.

import type { OutboxEntry } from '../../model/commit.ts';
import type { LogId } from '../../model/ids.ts';
import { sha256Hex } from '../../state/digest.ts';
import type { Journal, JournalEntry, ReportViolation } from './journal.ts';

type Line = Readonly<Record<string, unknown>>;

/** The lineage that one checkpoint names. */
export interface FoldedLineage {
  /** Which checkpoint, in words. */
  readonly name: string;
  readonly log: LogId;
  /** Batch number of the checkpoint. */
  readonly head: number;
  /** The stored object; `null` when the checkpoint names none. */
  readonly bytes: Uint8Array | null;
}

export class LineageWatch {
  private readonly journal: Journal;
  private readonly report: ReportViolation;
  /** The last batch of each log that a lineage names. */
  private readonly described = new Map<LogId, number>();

  constructor(journal: Journal, report: ReportViolation) {
    this.journal = journal;
    this.report = report;
  }

  /** The pointer names this checkpoint: what it folded must stand in its lineage. */
  check({ name, log, head, bytes }: FoldedLineage): void {
    const described = this.described.get(log) ?? 0;
    const [top, ...lines] = bytes === null ? [] : linesIn(bytes);
    if (top !== undefined && top['log'] !== log) {
      this.report('I7', `the lineage of ${name} is that of another log`);
    }
    let next = (lines[0]?.['batchNumber'] as number | undefined) ?? described + 1;
    if (next > described + 1) {
      this.report('I7', `the lineage of ${name} leaves out batches from ${described + 1} on`);
    }
    for (const line of lines) {
      const wrong = wrongField(line, this.journal.entriesOf(log)[next - 1]);
      if (wrong !== undefined) {
        this.report('I7', `the lineage of ${name} tells another ${wrong} of batch ${next}`);
      }
      next += 1;
    }
    const last = Math.max(described, next - 1);
    if (last < head) this.report('I7', `the lineage of ${name} ends with batch ${last}`);
    this.described.set(log, Math.max(last, head));
  }
}

const linesIn = (bytes: Uint8Array): Line[] =>
  Buffer.from(bytes)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** The first field of a line that is not as its commit has it. */
function wrongField(line: Line, entry: JournalEntry | undefined): string | undefined {
  if (entry === undefined) return 'commit';
  const expected = lineOf(entry);
  return Object.keys({ ...expected, ...line }).find(
    (field) => canonical(line[field]) !== canonical(expected[field]),
  );
}

/** What the line of a commit has to say; written down once more, so that the engine's list is not its own judge. */
function lineOf({ commit: { header }, outbox }: JournalEntry): Line {
  return {
    batchNumber: header.batchNumber,
    commitId: header.commitId,
    previousCommitId: header.previousCommitId,
    firstPosition: header.firstPosition,
    positions: header.positions,
    arrival: header.arrival,
    batchTimeMs: header.batchTimeMs,
    watermarkMs: header.watermarkMs,
    counts: header.counts,
    inputDigest: header.inputDigest,
    planHash: header.planHash,
    codeHash: header.codeHash,
    deployEpoch: header.deployEpoch,
    gap: header.gap,
    outputs: outbox.map(outputIn),
  };
}

function outputIn({ payload, ...output }: OutboxEntry): Line {
  if (payload.kind === 'staged') {
    const { byteLength, sha256 } = payload.object;
    return { ...output, byteLength, sha256 };
  }
  return { ...output, byteLength: payload.bytes.length, sha256: sha256Hex(payload.bytes) };
}

/** JSON in which the order of an object's fields means nothing. */
const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
