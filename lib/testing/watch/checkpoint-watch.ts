// Watches checkpoints from outside: the pointer of a log only moves forward, what it names is stored,
// belongs to the batch that it says and gives the state that the log's deltas give, and a slot is
// written over only when the older of the two checkpoints covers it.

import type { CheckpointReference, ObjectReference, Pointer } from '../../model/commit.ts';
import type { LogId } from '../../model/ids.ts';
import { SEGMENT_BYTES_MAX } from '../../model/limits.ts';
import { decompress } from '../../runtime/commit-body.ts';
import { decodeManifest, type Manifest } from '../../runtime/manifest.ts';
import { sha256Hex } from '../../state/digest.ts';
import { KeyedState } from '../../state/keyed-state.ts';
import {
  type Journal,
  type JournalEntry,
  nameOf,
  type ReportViolation,
  stateDigestOf,
} from './journal.ts';
import { LineageWatch } from './lineage-watch.ts';

export interface CheckpointWatchPorts {
  readonly journal: Journal;
  readonly report: ReportViolation;
  /** Bytes of an object of the engine's bucket as they are stored now. */
  readonly storedObject: (key: string) => Uint8Array | null;
  /** Whether a fault took this object away. */
  readonly isDestroyed: (key: string) => boolean;
}

export class CheckpointWatch {
  private readonly ports: CheckpointWatchPorts;
  private readonly pointers = new Map<LogId, Pointer>();
  /** Every checkpoint that a pointer has named, by its fold. */
  private readonly folds = new Map<string, CheckpointReference>();
  private readonly lineage: LineageWatch;

  constructor(ports: CheckpointWatchPorts) {
    this.ports = ports;
    this.lineage = new LineageWatch(ports.journal, ports.report);
  }

  pointerOf(log: LogId): Pointer | undefined {
    return this.pointers.get(log);
  }

  /** The pointer of a log was moved. */
  moved(log: LogId, to: Pointer): void {
    const from = this.pointers.get(log);
    this.pointers.set(log, to);
    const covered = to.previous?.batchNumber ?? 0;
    if (
      to.newest.batchNumber < (from?.newest.batchNumber ?? 0) ||
      covered < (from?.previous?.batchNumber ?? 0)
    ) {
      this.ports.report('I9', `the pointer of ${log} went back to batch ${to.newest.batchNumber}`);
    }
    for (const checkpoint of checkpointsOf(to)) {
      this.folds.set(foldOf(log, checkpoint), checkpoint);
      this.check(log, checkpoint);
    }
  }

  /** A commit was applied: what its slot held before is covered, and the commit names the proof. */
  committed({ commit }: JournalEntry): void {
    const { report } = this.ports;
    const { log, batchNumber, ringSize, snapshot } = commit.header;
    const overwritten = batchNumber - ringSize;
    const covered = this.pointers.get(log)?.previous?.batchNumber ?? 0;
    if (overwritten > covered) {
      report('I12', `${nameOf(commit)} was written over a slot that no checkpoint covers`);
    }
    const known = snapshot === null ? undefined : this.folds.get(foldOf(log, snapshot));
    if (snapshot !== null && known?.batchNumber !== snapshot.batchNumber) {
      report('I7', `${nameOf(commit)} names a checkpoint that there never was`);
    }
    if (overwritten > (snapshot?.batchNumber ?? 0)) {
      report('I7', `${nameOf(commit)} names no checkpoint that covers its slot`);
    }
  }

  /** Everything that a recovery could need is still stored. */
  checkAll(): void {
    for (const log of this.ports.journal.logIds) {
      const pointer = this.pointers.get(log);
      for (const checkpoint of pointer === undefined ? [] : checkpointsOf(pointer)) {
        this.check(log, checkpoint);
      }
      for (const { commit, outbox } of this.ports.journal.entriesOf(log)) {
        const { body, header } = commit;
        if (header.batchNumber < (pointer?.previous?.batchNumber ?? 0)) continue;
        if (body.kind === 'spilled') this.stored(body.object);
        for (const { payload } of outbox)
          if (payload.kind === 'staged') this.stored(payload.object);
      }
    }
  }

  private check(log: LogId, checkpoint: CheckpointReference): void {
    const { journal, report } = this.ports;
    const bytes = this.stored(checkpoint.manifest);
    if (bytes === null) return;
    const manifest = decodeManifest(bytes);
    const entry = journal.entriesOf(log)[checkpoint.batchNumber - 1];
    const name = `the checkpoint of ${log} at batch ${checkpoint.batchNumber}`;
    if (entry === undefined || entry.commit.header.commitId !== checkpoint.commitId) {
      report('I8', `${name} is of a batch that was not committed`);
      return;
    }
    if (JSON.stringify(manifest.header) !== JSON.stringify(entry.commit.header)) {
      report('I8', `${name} has another header than that batch`);
    }
    const digest = this.stateDigestIn(manifest);
    if (digest !== null && digest !== entry.stateDigest) {
      report('I8', `${name} holds another state than its log gives`);
    }
    const { lineage } = manifest;
    const lines = lineage === null ? null : this.stored(lineage);
    if (lineage !== null && lines === null) return;
    this.lineage.check({ name, log, head: checkpoint.batchNumber, bytes: lines });
  }

  private stateDigestIn({ segments }: Manifest): string | null {
    const stored = segments.map((segment) => this.stored(segment));
    if (stored.includes(null)) return null;
    const plain = stored.map((bytes) => decompress(bytes!, SEGMENT_BYTES_MAX));
    return stateDigestOf(KeyedState.fromSegments(plain));
  }

  /** The bytes that a reference names; reports when they are not there. */
  private stored({ key, sha256 }: ObjectReference): Uint8Array | null {
    const { report, storedObject, isDestroyed } = this.ports;
    if (isDestroyed(key)) return null;
    const bytes = storedObject(key);
    if (bytes !== null && sha256Hex(bytes) === sha256) return bytes;
    report('I12', `${key} is needed and ${bytes === null ? 'not stored' : 'holds other bytes'}`);
    return null;
  }
}

const foldOf = (log: LogId, { fold }: { readonly fold: string }) => `${log} ${fold}`;

const checkpointsOf = ({ newest, previous }: Pointer): readonly CheckpointReference[] =>
  previous === null ? [newest] : [previous, newest];
