// The manifest of a checkpoint: which segments make up the keyed state at one batch number, with
// digests, and the header of that commit, from which a cold task goes on. The pointer item vouches
// for the manifest by digest and the manifest for its segments, so an object that was truncated,
// swapped or forged is refused; identity (log, batch number, commit id) is checked as well.

import type { CheckpointReference, CommitHeader, ObjectReference } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import type { LogId } from '../model/ids.ts';
import { isStoredReference, isStoredSegment, wrongHeaderField } from '../model/stored.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { sha256Hex } from '../state/digest.ts';

export const MANIFEST_FORMAT_VERSION = 1;

export interface SegmentReference extends ObjectReference {
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
}

export interface Manifest {
  readonly formatVersion: number;
  /** Header of the commit at the checkpoint's batch number. */
  readonly header: CommitHeader;
  readonly segments: readonly SegmentReference[];
  /** Lineage of the batches folded since the previous checkpoint; `null` when there were none. */
  readonly lineage: ObjectReference | null;
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(JSON.stringify(manifest), 'utf8');
}

/** The inverse of `encodeManifest`; a `data` error for anything that is no manifest of this version. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const stored = parseManifest(bytes);
  if (typeof stored.formatVersion !== 'number') throw noManifest('its format');
  if (stored.formatVersion !== MANIFEST_FORMAT_VERSION) {
    throw new EngineError(
      'data',
      `manifest format ${stored.formatVersion} is not known, deploy a newer version`,
    );
  }
  const { header, segments, lineage } = stored;
  const wrong = wrongHeaderField(header);
  if (wrong !== null) throw noManifest(`its header's ${wrong}`);
  if (!Array.isArray(segments) || !segments.every(isStoredSegment)) throw noManifest('segments');
  if (lineage !== null && !isStoredReference(lineage)) throw noManifest('lineage');
  return stored;
}

function parseManifest(bytes: Uint8Array): Manifest {
  try {
    const stored = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof stored === 'object' && stored !== null) return stored;
  } catch (cause) {
    throw noManifest('not JSON', cause);
  }
  throw noManifest('the whole of it');
}

const noManifest = (what: string, cause?: unknown) =>
  new EngineError('data', `an object is not a manifest: ${what}`, {
    code: 'object-corrupt',
    cause,
  });

/** Reads and verifies the manifest that `checkpoint` names; a `data` error when anything is off. */
export async function readManifest(
  objects: ObjectStore,
  log: LogId,
  checkpoint: CheckpointReference,
): Promise<Manifest> {
  const manifest = decodeManifest(await readVerified(objects, checkpoint.manifest));
  const { header } = manifest;
  const same =
    header.log === log &&
    header.batchNumber === checkpoint.batchNumber &&
    header.commitId === checkpoint.commitId;
  if (!same)
    throw new EngineError(
      'data',
      `manifest ${checkpoint.manifest.key} belongs to another log or batch`,
      { code: 'object-corrupt' },
    );
  return manifest;
}

/** The bytes of an object that must exist, checked against the reference. Missing is never empty. */
export async function readVerified(
  objects: ObjectStore,
  reference: ObjectReference,
): Promise<Uint8Array> {
  const bytes = await objects.get(reference.key);
  if (bytes === null)
    throw new EngineError('data', `object ${reference.key} is missing`, { code: 'object-missing' });
  if (bytes.length !== reference.byteLength || sha256Hex(bytes) !== reference.sha256) {
    throw new EngineError(
      'data',
      `object ${reference.key} does not have the digest it was stored with`,
      { code: 'object-corrupt' },
    );
  }
  return bytes;
}

/** Whether an artefact that must exist is missing or damaged, so that an older one has to serve. */
export const isBrokenObject = (error: unknown): error is EngineError =>
  error instanceof EngineError &&
  (error.code === 'object-missing' || error.code === 'object-corrupt');

export const referenceTo = (key: string, bytes: Uint8Array): ObjectReference => ({
  key,
  byteLength: bytes.length,
  sha256: sha256Hex(bytes),
});
