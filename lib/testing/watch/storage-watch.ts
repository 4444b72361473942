// Watches that the engine's bucket does not grow for ever: a run of maintenance that has moved a log's
// pointer leaves nothing behind that is older than a day and that neither of its two checkpoints names
// nor a recovery could read.

import type { Cloud } from '../../cloud/cloud.ts';
import { batchNumberOfKey } from '../../contract/keys.ts';
import type { Pointer } from '../../model/commit.ts';
import type { LogId } from '../../model/ids.ts';
import { OBJECT_AGE_MIN_MS } from '../../protocol/checkpoint.ts';
import { decodeManifest } from '../../runtime/manifest.ts';
import type { Sandbox } from '../world/sandbox.ts';
import type { Journal, ReportViolation } from './journal.ts';
import { ENGINE_BUCKET } from './sink-watch.ts';

export interface StorageWatchPorts {
  readonly journal: Journal;
  readonly report: ReportViolation;
  readonly cloud: Cloud;
  readonly nowMs: () => number;
  /** Bytes of an object of the engine's bucket as they are stored now. */
  readonly storedObject: (key: string) => Uint8Array | null;
}

/** A run of maintenance that is under way. */
interface Maintenance {
  /** It tells by the store's clock what is old, whatever its own one says. */
  readonly beganMs: number;
  /** Where it moved pointers to. */
  readonly moved: Map<LogId, Pointer>;
}

export class StorageWatch {
  private readonly ports: StorageWatchPorts;
  private readonly underWay = new Map<number, Maintenance>();

  constructor(ports: StorageWatchPorts) {
    this.ports = ports;
  }

  began({ id }: Sandbox): void {
    this.underWay.set(id, { beganMs: this.ports.nowMs(), moved: new Map() });
  }

  moved(sandboxId: number, log: LogId, to: Pointer): void {
    this.underWay.get(sandboxId)?.moved.set(log, to);
  }

  /** It has come to its end without an error. */
  ended({ id }: Sandbox): void {
    const { beganMs, moved } = this.underWay.get(id)!;
    this.underWay.delete(id);
    for (const [log, pointer] of moved) this.check(log, { pointer, beganMs });
  }

  private check(log: LogId, after: { readonly pointer: Pointer; readonly beganMs: number }): void {
    const { newest, previous } = after.pointer;
    if (previous === null) return;
    const named = this.namedBy(after.pointer);
    if (named === null) return;
    const headMs = this.ports.journal.headOf(log)?.commit.header.batchTimeMs ?? 0;
    const oldMs = Math.min(after.beganMs, headMs) - OBJECT_AGE_MIN_MS;
    const isSettled = (key: string) => (batchNumberOfKey(key) ?? Infinity) < previous.batchNumber;
    const isNeeded: Readonly<Record<string, (key: string) => boolean>> = {
      segments: (key) => named.has(key),
      manifests: (key) => named.has(key),
      bodies: (key) => !isSettled(key),
      staged: (key) => !isSettled(key),
    };
    for (const [folder, needed] of Object.entries(isNeeded)) {
      const kept = this.list(`${folder}/${log}/`).filter(
        ({ key, modifiedMs }) => modifiedMs < oldMs && !needed(key),
      );
      for (const { key } of kept) {
        this.ports.report('I11', `${key} outlived maintenance at batch ${newest.batchNumber}`);
      }
    }
  }

  /** Keys that two checkpoints name; `null` when one of them is gone by now. */
  private namedBy({ newest, previous }: Pointer): ReadonlySet<string> | null {
    const named = new Set<string>();
    for (const { manifest } of [newest, previous!]) {
      const bytes = this.ports.storedObject(manifest.key);
      if (bytes === null) return null;
      named.add(manifest.key);
      for (const { key } of decodeManifest(bytes).segments) named.add(key);
    }
    return named;
  }

  private list(Prefix: string): readonly { readonly key: string; readonly modifiedMs: number }[] {
    const { cloud, nowMs } = this.ports;
    const listing = cloud.call('s3', 'ListObjectsV2', { Bucket: ENGINE_BUCKET, Prefix }, nowMs());
    const { Contents: contents = [] } = listing as {
      Contents?: { Key: string; LastModified: number }[];
    };
    return contents.map(({ Key, LastModified }) => ({ key: Key, modifiedMs: LastModified }));
  }
}
