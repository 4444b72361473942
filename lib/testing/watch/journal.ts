// What the commit logs went through, as seen from outside: every commit at the moment it was
// applied. The invariants that must hold at every step are checked here, as things happen, from what
// the requests say and not from what the engine believes.

import { decodeCommitItem, type Item } from '../../adapters/aws/commit-item.ts';
import type { Commit, OutboxEntry } from '../../model/commit.ts';
import type { LogId } from '../../model/ids.ts';
import { comparePositions, type Position } from '../../model/record.ts';
import { decodeCommitBody } from '../../runtime/commit-body.ts';
import { sha256Hex } from '../../state/digest.ts';
import { KeyedState } from '../../state/keyed-state.ts';

/** A commit with what it did, kept for as long as the run lasts. */
export interface JournalEntry {
  readonly commit: Commit;
  readonly outbox: readonly OutboxEntry[];
  /** The shard whose records it took, as its positions name it; `null`: it took none. */
  readonly shard: string | null;
  /** Digest of the keyed state after this commit, from deltas alone. */
  readonly stateDigest: string;
}

interface LogJournal {
  readonly entries: JournalEntry[];
  readonly state: KeyedState;
}

/** Names an invariant and what broke it. */
export type ReportViolation = (invariant: string, what: string) => void;

export interface JournalPorts {
  readonly report: ReportViolation;
  /** Bytes of an object of the engine's bucket as they are stored now. */
  readonly storedObject: (key: string) => Uint8Array | null;
}

export class Journal {
  private readonly logs = new Map<LogId, LogJournal>();
  private readonly ports: JournalPorts;

  constructor(ports: JournalPorts) {
    this.ports = ports;
  }

  get logIds(): readonly LogId[] {
    return [...this.logs.keys()];
  }

  entriesOf(log: LogId): readonly JournalEntry[] {
    return this.logs.get(log)?.entries ?? [];
  }

  headOf(log: LogId): JournalEntry | undefined {
    return this.logs.get(log)?.entries.at(-1);
  }

  /** The digest of the state after batch `batchNumber`; of the empty state for 0. */
  stateDigestAt(log: LogId, batchNumber: number): string | undefined {
    if (batchNumber === 0) return stateDigestOf(KeyedState.empty());
    return this.entriesOf(log)[batchNumber - 1]?.stateDigest;
  }

  /** Takes the item of a slot that was just written. */
  append(item: Item): JournalEntry | undefined {
    const { report, storedObject } = this.ports;
    const commit = decodeCommitItem(item);
    const { header, body } = commit;
    const journal = this.logs.get(header.log) ?? { entries: [], state: KeyedState.empty() };
    this.logs.set(header.log, journal);
    const shard = this.shardOf(journal, commit);
    this.checkSuccession(journal, commit, shard);
    const bytes = body.kind === 'inline' ? body.bytes : storedObject(body.object.key);
    if (bytes === null) {
      report('I12', `${nameOf(commit)}: its spilled body is not stored`);
      return undefined;
    }
    if (body.kind === 'spilled' && sha256Hex(bytes) !== body.object.sha256) {
      report('I12', `${nameOf(commit)}: its spilled body holds other bytes`);
      return undefined;
    }
    const { delta, outbox } = decodeCommitBody(bytes);
    journal.state.applyDelta(delta);
    const entry = { commit, outbox, shard, stateDigest: stateDigestOf(journal.state) };
    journal.entries.push(entry);
    return entry;
  }

  /** Lambda never mixes shards, so that no commit moves the position of more than one. */
  private shardOf({ entries }: LogJournal, commit: Commit): string | null {
    const { firstPosition, positions } = commit.header;
    const before = entries.at(-1)?.commit.header.positions ?? {};
    const moved = Object.entries(positions).flatMap(([shard, after]) => {
      const known = before[shard];
      return known !== undefined && comparePositions(known, after) === 0 ? [] : [shard];
    });
    if (moved.length !== (firstPosition === null ? 0 : 1)) {
      this.ports.report('I2', `${nameOf(commit)} moves the positions of ${moved.length} shards`);
    }
    return moved[0] ?? null;
  }

  private checkSuccession({ entries }: LogJournal, commit: Commit, shard: string | null): void {
    const { report } = this.ports;
    const { header } = commit;
    const name = nameOf(commit);
    const previous = entries.at(-1)?.commit.header;
    if (header.batchNumber !== (previous?.batchNumber ?? 0) + 1) {
      report('I2', `${name} follows batch ${previous?.batchNumber ?? 0}`);
    }
    if (header.previousCommitId !== (previous?.commitId ?? null)) {
      report('I2', `${name} names another predecessor than the commit before it`);
    }
    const { in: read, duplicate, dead, late, filtered, applied } = header.counts;
    if (read !== duplicate + dead + late + filtered + applied) {
      report('I1', `${name}: its counts do not add up`);
    }
    if (previous === undefined) return;
    if (header.deployEpoch < previous.deployEpoch) {
      report('I9', `${name} was written by an older deploy than the commit before it`);
    }
    if ((header.watermarkMs ?? -Infinity) < (previous.watermarkMs ?? -Infinity)) {
      report('I6', `${name}: its watermark is behind that of the commit before it`);
    }
    for (const [known, before] of Object.entries(previous.positions)) {
      const { firstPosition } = header;
      const after = header.positions[known];
      if (after === undefined || comparePositions(after, before) < 0) {
        report('I2', `${name}: its position is behind that of the commit before it`);
      }
      const isFirst = firstPosition !== null && known === shard;
      if (isFirst && comparePositions(firstPosition, before) <= 0) {
        report('I2', `${name} takes records that the commit before it took`);
      }
    }
  }
}

/** Canonical digest of a keyed state. */
export const stateDigestOf = (state: KeyedState): string =>
  sha256Hex(...state.encodeSegments().map(({ bytes }) => bytes));

export const nameOf = ({ header }: Commit): string => `${header.log} batch ${header.batchNumber}`;

/** The last record that a commit took; `undefined` when it took none. */
export const positionOf = ({ commit, shard }: JournalEntry): Position | undefined =>
  shard === null ? undefined : commit.header.positions[shard];
