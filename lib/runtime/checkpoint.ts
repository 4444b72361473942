// A checkpoint = manifest + snapshot segments, made by folding deltas off the hot path, so that
// recovery is exercised all the time. The order of writes makes it safe: segments, lineage of the
// folded batches, manifest, and last the pointer, by compare-and-set on the pointer the fold started
// from. A fold that loses the race leaves objects that no manifest names. Slots may be reused up to
// the older of the two newest checkpoints, so a task that must free slots itself writes two.

import { batchNumberOfKey, objectKeys } from '../contract/keys.ts';
import type { CheckpointReference, ObjectReference, Pointer } from '../model/commit.ts';
import type { BatchNumber, LogId } from '../model/ids.ts';
import { SEGMENT_BYTES_MAX } from '../model/limits.ts';
import type { Ids } from '../ports/ids.ts';
import { foldInterval, isFoldDue, OBJECT_AGE_MIN_MS } from '../protocol/checkpoint.ts';
import { compress } from './commit-body.ts';
import { followLog } from './follow-log.ts';
import { type BatchLineage, describeBatch, encodeLineage } from './lineage.ts';
import {
  encodeManifest,
  isBrokenObject,
  MANIFEST_FORMAT_VERSION,
  type Manifest,
  readManifest,
  readVerified,
  referenceTo,
  type SegmentReference,
} from './manifest.ts';
import { type Recovered, type RecoveryPorts, recover } from './recover.ts';
import { settleAll } from './settle.ts';

export interface CheckpointPorts extends RecoveryPorts {
  readonly ids: Ids;
}

export interface FoldedLog {
  readonly pointer: Pointer;
  readonly batchNumber: BatchNumber;
}

/** Folds `log` when it has grown enough; `null` when it has not, or when another fold was first. */
export async function foldWhenDue(
  ports: CheckpointPorts,
  at: { readonly log: LogId; readonly ringSize: number },
): Promise<FoldedLog | null> {
  return (await isDue(ports, at)) ? foldLog(ports, { ...at, copies: 1 }) : null;
}

/**
 * Folds everything up to the head into a new checkpoint. `copies: 2` writes it twice under different
 * keys and reads both back, so that every slot up to the head may be reused at once.
 */
export async function foldLog(
  ports: CheckpointPorts,
  at: { readonly log: LogId; readonly ringSize: number; readonly copies: 1 | 2 },
): Promise<FoldedLog | null> {
  const batches = new Map<BatchNumber, BatchLineage>();
  const recovered = await recover(ports, {
    ...at,
    onFolded: ({ header }, { outbox }) =>
      batches.set(header.batchNumber, describeBatch(header, outbox)),
  });
  const { head, checkpoint, pointerItem } = recovered;
  const from = pointerItem.pointer;
  if (head === null) return null;
  const lineage = await putLineage(ports, at.log, foldedAfter(checkpoint, batches));
  const newest = await putCheckpoint(ports, recovered, lineage);
  const previous = at.copies === 2 ? await putCheckpoint(ports, recovered, lineage) : checkpoint;
  const pointer = { newest, previous };
  if (at.copies === 2)
    await settleAll([newest, previous!].map((copy) => readBack(ports, at.log, copy)));
  const moved = await ports.commits.movePointer({ log: at.log, from, to: pointer });
  return moved ? { pointer, batchNumber: head.header.batchNumber } : null;
}

/** Removes what no recovery, no reader and no attempt can need any more; resolves to the count. */
export async function pruneObjects(
  ports: CheckpointPorts,
  log: LogId,
  pointer: Pointer,
): Promise<number> {
  const { newest, previous } = pointer;
  if (previous === null) return 0;
  const named = new Set<string>();
  for (const checkpoint of [newest, previous]) {
    // A manifest that cannot be read ends the run: without it nobody knows what is still named.
    const manifest = await readManifest(ports.objects, log, checkpoint);
    for (const key of namedBy(checkpoint, manifest)) named.add(key);
  }
  // The checkpoint's own batch may still be the head, whose outbox every cold start publishes again.
  const isSettled = (key: string) => (batchNumberOfKey(key) ?? Infinity) < previous.batchNumber;
  const isUnnamed = (key: string) => !named.has(key);
  const storedAtMs = await storedAt(ports, newest.manifest.key);
  if (storedAtMs === null) return 0;
  const before = storedAtMs - OBJECT_AGE_MIN_MS;
  const counts = [
    await prunePrefix(ports, { prefix: `segments/${log}/`, before, mayGo: isUnnamed }),
    await prunePrefix(ports, { prefix: `manifests/${log}/`, before, mayGo: isUnnamed }),
    await prunePrefix(ports, { prefix: `bodies/${log}/`, before, mayGo: isSettled }),
    await prunePrefix(ports, { prefix: `staged/${log}/`, before, mayGo: isSettled }),
  ];
  return counts.reduce((sum, count) => sum + count, 0);
}

async function isDue(
  ports: CheckpointPorts,
  at: { readonly log: LogId; readonly ringSize: number },
): Promise<boolean> {
  const { pointer } = await ports.commits.readPointer(at.log);
  const manifest = await newestManifest(ports, at.log, pointer);
  if (manifest === 'unreadable') return true;
  const growth = {
    ringSize: at.ringSize,
    batchesSince: 0,
    logBytes: 0,
    snapshotBytes: (manifest?.segments ?? []).reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
  await followLog(
    ports.commits,
    {
      ...at,
      head: {
        batchNumber: pointer?.newest.batchNumber ?? 0,
        commitId: pointer?.newest.commitId ?? null,
      },
    },
    {
      expected: foldInterval(at.ringSize),
      onLinks: async (links) => {
        growth.batchesSince += links.length;
        for (const { body } of links) {
          growth.logBytes += body.kind === 'inline' ? body.bytes.length : body.object.byteLength;
        }
      },
    },
  );
  return isFoldDue(growth);
}

/** An unreadable manifest is replaced by a new fold, which begins at the older checkpoint. */
async function newestManifest(
  ports: CheckpointPorts,
  log: LogId,
  pointer: Pointer | null,
): Promise<Manifest | null | 'unreadable'> {
  if (pointer === null) return null;
  try {
    return await readManifest(ports.objects, log, pointer.newest);
  } catch (error) {
    if (isBrokenObject(error)) return 'unreadable';
    throw error;
  }
}

/** A recovery that began anew has folded some batches before, of which the last checkpoint knows. */
function foldedAfter(
  checkpoint: CheckpointReference | null,
  batches: ReadonlyMap<BatchNumber, BatchLineage>,
): readonly BatchLineage[] {
  return [...batches.values()]
    .filter(({ batchNumber }) => batchNumber > (checkpoint?.batchNumber ?? 0))
    .sort((left, right) => left.batchNumber - right.batchNumber);
}

async function putLineage(
  ports: CheckpointPorts,
  log: LogId,
  batches: readonly BatchLineage[],
): Promise<ObjectReference | null> {
  const first = batches[0]?.batchNumber;
  const last = batches.at(-1)?.batchNumber;
  if (first === undefined || last === undefined) return null;
  const bytes = encodeLineage(log, batches);
  const key = objectKeys.lineage(log, first, last, ports.ids.commitId());
  await ports.objects.put({ key, bytes });
  return referenceTo(key, bytes);
}

async function putCheckpoint(
  ports: CheckpointPorts,
  recovered: Recovered,
  lineage: ObjectReference | null,
): Promise<CheckpointReference> {
  const { header } = recovered.head!;
  const fold = ports.ids.commitId();
  const segments = await settleAll(
    recovered.state.encodeSegments().map(async (segment, index): Promise<SegmentReference> => {
      const bytes = compress(segment.bytes, SEGMENT_BYTES_MAX);
      const key = objectKeys.segment(header.log, fold, index);
      await ports.objects.put({ key, bytes });
      const { firstKeyGroup, lastKeyGroup } = segment;
      return { ...referenceTo(key, bytes), firstKeyGroup, lastKeyGroup };
    }),
  );
  const bytes = encodeManifest({
    formatVersion: MANIFEST_FORMAT_VERSION,
    header,
    segments,
    lineage,
  });
  const key = objectKeys.manifest(header.log, header.batchNumber, fold);
  await ports.objects.put({ key, bytes });
  const { batchNumber, commitId } = header;
  return { batchNumber, commitId, fold, manifest: referenceTo(key, bytes) };
}

async function readBack(
  ports: CheckpointPorts,
  log: LogId,
  checkpoint: CheckpointReference,
): Promise<void> {
  const manifest = await readManifest(ports.objects, log, checkpoint);
  await settleAll(manifest.segments.map((segment) => readVerified(ports.objects, segment)));
}

function* namedBy(checkpoint: CheckpointReference, manifest: Manifest): Iterable<string> {
  yield checkpoint.manifest.key;
  for (const { key } of manifest.segments) yield key;
}

/**
 * When an object was stored, by the clock of the store. Ages are told by it alone: by a clock of ours
 * that is ahead, what another fold has just written would be old.
 */
async function storedAt(ports: CheckpointPorts, key: string): Promise<number | null> {
  for await (const page of ports.objects.list(key)) {
    const found = page.find((object) => object.key === key);
    if (found !== undefined) return found.modifiedAtMs;
  }
  return null;
}

async function prunePrefix(
  ports: CheckpointPorts,
  {
    prefix,
    before,
    mayGo,
  }: {
    readonly prefix: string;
    readonly before: number;
    readonly mayGo: (key: string) => boolean;
  },
): Promise<number> {
  let count = 0;
  for await (const page of ports.objects.list(prefix)) {
    const keys = page
      .filter(({ key, modifiedAtMs }) => modifiedAtMs < before && mayGo(key))
      .map(({ key }) => key);
    if (keys.length > 0) await ports.objects.delete(keys);
    count += keys.length;
  }
  return count;
}
