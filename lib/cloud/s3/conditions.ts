// Conditions of reads, writes and deletes against the object that is there.

import type { StoredObject, Version } from './bucket.ts';
import { noSuchKey, preconditionFailed, refusal } from './refusals.ts';

export interface ConditionInput {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  /** Milliseconds. */
  readonly IfModifiedSince?: number | undefined;
  readonly IfUnmodifiedSince?: number | undefined;
}

/** Refuses a write whose condition does not hold for the current version of its key. */
export function checkWriteConditions(
  { IfMatch, IfNoneMatch }: ConditionInput,
  key: string,
  current: StoredObject | undefined,
): void {
  if (IfNoneMatch !== undefined) {
    if (IfNoneMatch !== '*') {
      throw refusal(
        501,
        'NotImplemented',
        'A header you provided implies functionality that is not implemented',
        { Header: 'If-None-Match' },
      );
    }
    if (current !== undefined) throw preconditionFailed('If-None-Match');
  }
  if (IfMatch === undefined) return;
  if (current === undefined) throw noSuchKey(key);
  if (!matches(IfMatch, current.etag)) throw preconditionFailed('If-Match');
}

/** Refuses a delete of the current version that is not the one meant. */
export function checkDeleteCondition(
  ifMatch: string | undefined,
  key: string,
  newest: Version | undefined,
): void {
  if (ifMatch === undefined) return;
  if (newest === undefined) throw noSuchKey(key);
  const met = newest.kind === 'object' && matches(ifMatch, newest.etag);
  if (!met) throw preconditionFailed('If-Match');
}

/** Refuses a read whose condition does not hold: 412, or 304 when nothing has changed. */
export function checkReadConditions(input: ConditionInput, object: StoredObject): void {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = input;
  if (IfMatch !== undefined) {
    if (!matches(IfMatch, object.etag)) throw preconditionFailed('If-Match');
  } else if (IfUnmodifiedSince !== undefined && seconds(object) > secondsOf(IfUnmodifiedSince)) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  const unchanged =
    IfNoneMatch === undefined
      ? IfModifiedSince !== undefined && seconds(object) <= secondsOf(IfModifiedSince)
      : matches(IfNoneMatch, object.etag);
  if (!unchanged) return;
  throw refusal(304, 'NotModified', 'Not Modified', {
    ETag: object.etag,
    LastModified: object.modifiedAtMs,
  });
}

/** Whether one of the ETags of a header is `etag`; quotes may be left out, `*` is any. */
export function matches(header: string, etag: string): boolean {
  const bare = etag.replaceAll('"', '');
  return header
    .split(',')
    .map((candidate) => candidate.trim().replaceAll('"', ''))
    .some((candidate) => candidate === '*' || candidate === bare);
}

// HTTP dates have whole seconds.
const secondsOf = (ms: number) => Math.floor(ms / 1000);
const seconds = ({ modifiedAtMs }: StoredObject) => secondsOf(modifiedAtMs);
