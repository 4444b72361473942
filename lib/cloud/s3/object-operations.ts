// PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects and object tags.

import { ServiceError } from '../service.ts';
import { type Bucket, NULL_VERSION, type StoredObject, type Version } from './bucket.ts';
import type { Buckets } from './buckets.ts';
import {
  type Checksum,
  type ChecksumInput,
  checksumMembers,
  md5Hex,
  verifiedChecksum,
} from './checksum.ts';
import {
  type ConditionInput,
  checkDeleteCondition,
  checkReadConditions,
  checkWriteConditions,
} from './conditions.ts';
import {
  checkKey,
  encryptionMembers,
  type HeaderInput,
  headersOf,
  parseTagging,
  parseTagSet,
} from './object-headers.ts';
import { requestedPart } from './object-range.ts';
import { malformedXml, noSuchKey, notFound, refusal } from './refusals.ts';

export interface ObjectInput {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly VersionId?: string;
}

export interface PutInput extends ObjectInput, ChecksumInput, ConditionInput, HeaderInput {
  readonly Body?: Uint8Array;
}

export interface GetInput extends ObjectInput, ConditionInput {
  readonly Range?: string;
  readonly PartNumber?: number;
  readonly ChecksumMode?: string;
}

export interface DeleteInput extends ObjectInput {
  readonly IfMatch?: string;
}

export interface DeleteManyInput {
  readonly Bucket?: string;
  readonly Delete?: {
    readonly Objects?: readonly {
      readonly Key?: string;
      readonly VersionId?: string;
      readonly ETag?: string;
    }[];
    readonly Quiet?: boolean;
  };
}

export interface TaggingInput extends ObjectInput {
  readonly Tagging?: {
    readonly TagSet?: readonly { readonly Key?: string; readonly Value?: string }[];
  };
}

/** What a write has to say about its new version. */
export interface NewObject {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly checksum: Checksum;
  readonly partSizes: readonly number[];
  readonly headers: Readonly<Record<string, unknown>>;
  readonly tags: ReadonlyMap<string, string>;
}

const OBJECTS_PER_DELETE_MAX = 1_000;
/** "Uploading objects": 5 GB in one request. */
const PUT_BYTES_MAX = 5 * 1024 ** 3;

export function putObject(buckets: Buckets, input: PutInput, nowMs: number): object {
  const bucket = buckets.get(input);
  const key = checkKey(input.Key);
  const bytes = new Uint8Array(input.Body ?? []);
  if (bytes.byteLength > PUT_BYTES_MAX) {
    throw refusal(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  }
  const checksum = verifiedChecksum(input, bytes);
  checkWriteConditions(input, key, bucket.current(key));
  const headers = headersOf(input, bucket);
  const stored = storeObject(
    buckets,
    bucket,
    {
      key,
      bytes,
      etag: `"${md5Hex(bytes)}"`,
      checksum,
      partSizes: [],
      headers,
      tags: parseTagging(input.Tagging),
    },
    nowMs,
  );
  return {
    ETag: stored.etag,
    ...checksumMembers(checksum),
    ...encryptionMembers(headers),
    ...versionMember(bucket, stored),
  };
}

/** Makes a new object the current version of its key. */
export function storeObject(
  buckets: Buckets,
  bucket: Bucket,
  object: NewObject,
  nowMs: number,
): StoredObject {
  const versionId = bucket.versioning === 'Enabled' ? buckets.nextId('version') : NULL_VERSION;
  const stored: StoredObject = { kind: 'object', versionId, modifiedAtMs: nowMs, ...object };
  bucket.add(stored);
  return stored;
}

/** `VersionId` of an answer, where the bucket has had versioning. */
export function versionMember(
  bucket: Bucket,
  { versionId }: Version,
): { readonly VersionId?: string } {
  return bucket.versioning === undefined ? {} : { VersionId: versionId };
}

export function getObject(buckets: Buckets, input: GetInput): object {
  const bucket = buckets.get(input);
  const object = findObject(bucket, input);
  checkReadConditions(input, object);
  const part = requestedPart(object, input);
  return {
    ...objectMembers(bucket, object, input),
    ...part.members,
    Body: new Uint8Array(object.bytes.subarray(part.start, part.end)),
  };
}

export function headObject(buckets: Buckets, input: GetInput): object {
  const bucket = buckets.find(input.Bucket);
  if (bucket === undefined) throw notFound();
  try {
    const object = findObject(buckets.get(input), input);
    checkReadConditions(input, object);
    return { ...objectMembers(bucket, object, input), ...requestedPart(object, input).members };
  } catch (error) {
    // The answer to HEAD has no body, so that a client sees only the status.
    if (error instanceof ServiceError && error.statusCode === 404) throw notFound(error.fields);
    throw error;
  }
}

/** The object that a request names: its current version, or the one of the given id. */
export function findObject(bucket: Bucket, input: ObjectInput): StoredObject {
  const key = checkKey(input.Key);
  const versions = bucket.versions(key);
  if (input.VersionId === undefined) {
    const [newest] = versions;
    if (newest?.kind === 'object') return newest;
    throw noSuchKey(key, newest === undefined ? {} : markerFields(newest));
  }
  const version = versions.find(({ versionId }) => versionId === input.VersionId);
  if (version?.kind === 'object') return version;
  if (version === undefined) {
    throw refusal(404, 'NoSuchVersion', 'The specified version does not exist.', {
      Key: key,
      VersionId: input.VersionId,
    });
  }
  throw refusal(
    405,
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    markerFields(version),
  );
}

export function deleteObject(buckets: Buckets, input: DeleteInput, nowMs: number): object {
  const bucket = buckets.get(input);
  return deleteVersion(buckets, bucket, input, nowMs);
}

export function deleteObjects(buckets: Buckets, input: DeleteManyInput, nowMs: number): object {
  const bucket = buckets.get(input);
  const { Objects: objects = [], Quiet: quiet = false } = input.Delete ?? {};
  if (objects.length === 0 || objects.length > OBJECTS_PER_DELETE_MAX) throw malformedXml();
  const deleted: object[] = [];
  const errors: object[] = [];
  for (const { Key: key = '', VersionId: versionId, ETag: etag } of objects) {
    const named = { Key: key, ...(versionId === undefined ? {} : { VersionId: versionId }) };
    try {
      const target = { ...named, ...(etag === undefined ? {} : { IfMatch: etag }) };
      const { DeleteMarker, VersionId } = deleteVersion(buckets, bucket, target, nowMs);
      const marker =
        DeleteMarker === true ? { DeleteMarker, DeleteMarkerVersionId: VersionId } : {};
      if (!quiet) deleted.push({ ...named, ...marker });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      errors.push({ ...named, Code: error.code, Message: error.message });
    }
  }
  return {
    ...(deleted.length === 0 ? {} : { Deleted: deleted }),
    ...(errors.length === 0 ? {} : { Errors: errors }),
  };
}

export function putObjectTagging(buckets: Buckets, input: TaggingInput): object {
  const bucket = buckets.get(input);
  const object = findObject(bucket, input);
  bucket.replace({ ...object, tags: parseTagSet(input.Tagging?.TagSet ?? []) });
  return versionMember(bucket, object);
}

export function getObjectTagging(buckets: Buckets, input: TaggingInput): object {
  const bucket = buckets.get(input);
  const object = findObject(bucket, input);
  return {
    TagSet: [...object.tags].map(([Key, Value]) => ({ Key, Value })),
    ...versionMember(bucket, object),
  };
}

export function deleteObjectTagging(buckets: Buckets, input: TaggingInput): object {
  const bucket = buckets.get(input);
  const object = findObject(bucket, input);
  bucket.replace({ ...object, tags: new Map() });
  return versionMember(bucket, object);
}

function deleteVersion(
  buckets: Buckets,
  bucket: Bucket,
  { Key, VersionId, IfMatch }: DeleteInput,
  nowMs: number,
): { readonly DeleteMarker?: boolean; readonly VersionId?: string } {
  const key = checkKey(Key);
  checkDeleteCondition(IfMatch, key, bucket.versions(key)[0]);
  if (VersionId !== undefined) {
    const removed = bucket.remove(key, VersionId);
    return { VersionId, ...(removed?.kind === 'marker' ? { DeleteMarker: true } : {}) };
  }
  if (bucket.versioning === undefined) {
    bucket.remove(key, NULL_VERSION);
    return {};
  }
  const versionId = bucket.versioning === 'Enabled' ? buckets.nextId('version') : NULL_VERSION;
  bucket.add({ kind: 'marker', key, versionId, modifiedAtMs: nowMs });
  return { DeleteMarker: true, VersionId: versionId };
}

function objectMembers(bucket: Bucket, object: StoredObject, input: GetInput): object {
  const whole = input.Range === undefined && input.PartNumber === undefined;
  const { Metadata, ...headers } = object.headers;
  return {
    ...headers,
    Metadata: { ...(Metadata as object) },
    AcceptRanges: 'bytes',
    ETag: object.etag,
    LastModified: object.modifiedAtMs,
    ...(object.tags.size === 0 ? {} : { TagCount: object.tags.size }),
    ...(input.ChecksumMode === 'ENABLED' && whole ? checksumMembers(object.checksum) : {}),
    ...versionMember(bucket, object),
  };
}

function markerFields({ versionId, modifiedAtMs }: Version): Readonly<Record<string, unknown>> {
  return { DeleteMarker: true, VersionId: versionId, LastModified: modifiedAtMs };
}
