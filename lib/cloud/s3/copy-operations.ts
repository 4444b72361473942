// CopyObject, and the source that it shares with UploadPartCopy.

import { ServiceError } from '../service.ts';
import type { StoredObject } from './bucket.ts';
import type { Buckets } from './buckets.ts';
import { checksumMembers, checksumOf, md5Hex, parseAlgorithm } from './checksum.ts';
import { type ConditionInput, checkReadConditions, checkWriteConditions } from './conditions.ts';
import {
  checkKey,
  encryptionMembers,
  type HeaderInput,
  headersOf,
  parseTagging,
} from './object-headers.ts';
import { findObject, type ObjectInput, storeObject, versionMember } from './object-operations.ts';
import { invalidArgument, invalidRequest, preconditionFailed } from './refusals.ts';

export interface CopySourceInput {
  /** `bucket/key`, percent-encoded, with `?versionId=…` behind it for one version. */
  readonly CopySource?: string;
  readonly CopySourceIfMatch?: string;
  readonly CopySourceIfNoneMatch?: string;
  /** Milliseconds. */
  readonly CopySourceIfModifiedSince?: number;
  readonly CopySourceIfUnmodifiedSince?: number;
}

export interface CopyInput extends ObjectInput, CopySourceInput, ConditionInput, HeaderInput {
  readonly MetadataDirective?: string;
  readonly TaggingDirective?: string;
  readonly ChecksumAlgorithm?: string;
}

export function copyObject(buckets: Buckets, input: CopyInput, nowMs: number): object {
  const bucket = buckets.get(input);
  const key = checkKey(input.Key);
  const { source, sourceVersion } = findSource(buckets, input);
  const replaces = directive(input.MetadataDirective, 'x-amz-metadata-directive');
  const retags = directive(input.TaggingDirective, 'x-amz-tagging-directive');
  refuseIdleCopy(input, { key, source, replaces });
  checkWriteConditions(input, key, bucket.current(key));
  const algorithm = parseAlgorithm(input.ChecksumAlgorithm) ?? source.checksum.algorithm;
  const text = checksumOf(algorithm, source.bytes);
  const headers = headersOf(
    replaces ? input : { ...source.headers, ...chosenEncryption(input) },
    bucket,
  );
  const stored = storeObject(
    buckets,
    bucket,
    {
      key,
      bytes: source.bytes,
      etag: `"${md5Hex(source.bytes)}"`,
      checksum: { algorithm, type: 'FULL_OBJECT', text },
      partSizes: [],
      headers,
      tags: retags ? parseTagging(input.Tagging) : source.tags,
    },
    nowMs,
  );
  return {
    CopyObjectResult: {
      ETag: stored.etag,
      LastModified: stored.modifiedAtMs,
      ...checksumMembers(stored.checksum),
    },
    ...sourceVersion,
    ...encryptionMembers(headers),
    ...versionMember(bucket, stored),
  };
}

/** The object to copy from, once its conditions hold. */
export function findSource(
  buckets: Buckets,
  input: CopySourceInput,
): { readonly source: StoredObject; readonly sourceVersion: object } {
  const named = parseCopySource(input.CopySource ?? '');
  const bucket = buckets.get(named);
  const source = findObject(bucket, named);
  checkSourceConditions(input, source);
  const { VersionId } = versionMember(bucket, source);
  return {
    source,
    sourceVersion: VersionId === undefined ? {} : { CopySourceVersionId: VersionId },
  };
}

function checkSourceConditions(input: CopySourceInput, source: StoredObject): void {
  try {
    checkReadConditions(
      {
        IfMatch: input.CopySourceIfMatch,
        IfNoneMatch: input.CopySourceIfNoneMatch,
        IfModifiedSince: input.CopySourceIfModifiedSince,
        IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
      },
      source,
    );
  } catch (error) {
    // A copy has no "not modified": every source condition that fails is a failed precondition.
    if (error instanceof ServiceError && error.statusCode === 304) {
      throw preconditionFailed('x-amz-copy-source-If-None-Match');
    }
    throw error;
  }
}

function parseCopySource(text: string): ObjectInput {
  const match = /^\/?([^/]+)\/(.+?)(?:\?versionId=([^?]*))?$/s.exec(text);
  if (match === null) {
    throw invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      text,
    );
  }
  const [, bucket, key, versionId] = match;
  return {
    Bucket: decodeURIComponent(bucket!),
    Key: decodeURIComponent(key!),
    ...(versionId === undefined ? {} : { VersionId: versionId }),
  };
}

function directive(value: string | undefined, header: string): boolean {
  if (value === undefined || value === 'COPY') return false;
  if (value === 'REPLACE') return true;
  throw invalidArgument(`Unknown ${header}.`, header, value);
}

function refuseIdleCopy(
  input: CopyInput,
  copy: { readonly key: string; readonly source: StoredObject; readonly replaces: boolean },
): void {
  const { Bucket } = parseCopySource(input.CopySource ?? '');
  const same = Bucket === input.Bucket && copy.source.key === copy.key;
  const changes =
    copy.replaces ||
    input.StorageClass !== undefined ||
    input.ServerSideEncryption !== undefined ||
    (input.CopySource ?? '').includes('?versionId=');
  if (!same || changes) return;
  throw invalidRequest(
    'This copy request is illegal because it is trying to copy an object to itself without changing ' +
      "the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}

function chosenEncryption({
  StorageClass,
  ServerSideEncryption,
  SSEKMSKeyId,
  BucketKeyEnabled,
}: HeaderInput): HeaderInput {
  return {
    ...(StorageClass === undefined ? {} : { StorageClass }),
    ...(ServerSideEncryption === undefined ? {} : { ServerSideEncryption }),
    ...(SSEKMSKeyId === undefined ? {} : { SSEKMSKeyId }),
    ...(BucketKeyEnabled === undefined ? {} : { BucketKeyEnabled }),
  };
}
