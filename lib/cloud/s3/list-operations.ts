// ListObjectsV2, ListObjects and ListObjectVersions. Keys come in the order of their UTF-8 bytes; what
// follows a delimiter is folded into a common prefix, and a page counts keys and prefixes alike.

import { afterPrefix, sortableText } from '../utf8-order.ts';
import type { Bucket, StoredObject, Version } from './bucket.ts';
import type { Buckets } from './buckets.ts';
import { invalidArgument } from './refusals.ts';

interface ListInput {
  readonly Bucket?: string;
  readonly Prefix?: string;
  readonly Delimiter?: string;
  readonly MaxKeys?: number;
  readonly EncodingType?: string;
}

export interface ListV2Input extends ListInput {
  readonly StartAfter?: string;
  readonly ContinuationToken?: string;
  readonly FetchOwner?: boolean;
}

export interface ListV1Input extends ListInput {
  readonly Marker?: string;
}

export interface ListVersionsInput extends ListInput {
  readonly KeyMarker?: string;
  readonly VersionIdMarker?: string;
}

/** One page: keys and common prefixes in their common order, and where the next page begins. */
interface Page {
  readonly objects: readonly StoredObject[];
  readonly prefixes: readonly string[];
  readonly last: Entry | undefined;
  readonly truncated: boolean;
}

type Entry =
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'prefix'; readonly text: string };

/** Where a page begins, as a sortable text. */
interface Start {
  readonly from: string;
  readonly inclusive: boolean;
}

const KEYS_PER_PAGE_MAX = 1_000;

export function listObjectsV2(buckets: Buckets, input: ListV2Input): object {
  const bucket = buckets.get(input);
  const { ContinuationToken: token, StartAfter: startAfter } = input;
  const start = token === undefined ? afterEntry('key', startAfter) : parseToken(token);
  const page = readPage(bucket, input, start);
  const owner = input.FetchOwner === true ? ownerOf(buckets) : {};
  return {
    ...pageMembers(bucket, input, page),
    Contents: page.objects.map((object) => ({ ...entryOf(object, input), ...owner })),
    KeyCount: page.objects.length + page.prefixes.length,
    ...(token === undefined ? {} : { ContinuationToken: token }),
    ...(startAfter === undefined ? {} : { StartAfter: encoded(startAfter, input) }),
    ...(page.truncated ? { NextContinuationToken: tokenOf(page.last!) } : {}),
  };
}

export function listObjects(buckets: Buckets, input: ListV1Input): object {
  const bucket = buckets.get(input);
  const { Marker: marker, Delimiter: delimiter } = input;
  // With a delimiter a marker may be a common prefix of the page before, which is then passed over.
  const isPrefix = delimiter !== undefined && marker?.endsWith(delimiter) === true;
  const page = readPage(bucket, input, afterEntry(isPrefix ? 'prefix' : 'key', marker));
  const next = page.truncated && delimiter !== undefined;
  return {
    ...pageMembers(bucket, input, page),
    Marker: encoded(marker ?? '', input),
    Contents: page.objects.map((object) => ({ ...entryOf(object, input), ...ownerOf(buckets) })),
    ...(next ? { NextMarker: encoded(page.last!.text, input) } : {}),
  };
}

export function listObjectVersions(buckets: Buckets, input: ListVersionsInput): object {
  const bucket = buckets.get(input);
  const { KeyMarker: keyMarker, VersionIdMarker: versionMarker } = input;
  const maxKeys = maxKeysOf(input);
  const prefix = input.Prefix ?? '';
  const page: { version: Version; newest: boolean }[] = [];
  let truncated = false;
  const start = startOf(prefix, {
    from: sortableText(keyMarker ?? ''),
    inclusive: versionMarker !== undefined || keyMarker === undefined,
  });
  for (const versions of bucket.walk(start.from, start.inclusive)) {
    if (!versions[0]!.key.startsWith(prefix)) break;
    const resumes = versions[0]!.key === keyMarker && versionMarker !== undefined;
    const first = resumes
      ? versions.findIndex(({ versionId }) => versionId === versionMarker) + 1
      : 0;
    for (const version of versions.slice(first)) {
      truncated = page.length === maxKeys;
      if (truncated) break;
      page.push({ version, newest: version === versions[0] });
    }
    if (truncated) break;
  }
  const last = page.at(-1)?.version;
  const rendered = page.map(({ version, newest }) => ({
    kind: version.kind,
    entry: {
      ...(version.kind === 'object'
        ? entryOf(version, input)
        : { Key: encoded(version.key, input), LastModified: version.modifiedAtMs }),
      VersionId: version.versionId,
      IsLatest: newest,
      ...ownerOf(buckets),
    },
  }));
  return {
    Name: bucket.name,
    Prefix: encoded(prefix, input),
    KeyMarker: encoded(keyMarker ?? '', input),
    MaxKeys: maxKeys,
    IsTruncated: truncated,
    Versions: rendered.filter(({ kind }) => kind === 'object').map(({ entry }) => entry),
    DeleteMarkers: rendered.filter(({ kind }) => kind === 'marker').map(({ entry }) => entry),
    ...(truncated && last !== undefined
      ? { NextKeyMarker: encoded(last.key, input), NextVersionIdMarker: last.versionId }
      : {}),
  };
}

function readPage(bucket: Bucket, input: ListInput, after: Start): Page {
  const maxKeys = maxKeysOf(input);
  const { Delimiter: delimiter } = input;
  const prefix = input.Prefix ?? '';
  const objects: StoredObject[] = [];
  const prefixes: string[] = [];
  let last: Entry | undefined;
  let start: Start | undefined = startOf(prefix, after);
  while (start !== undefined) {
    const from: Start = start;
    start = undefined;
    for (const [newest] of bucket.walk(from.from, from.inclusive)) {
      if (!newest!.key.startsWith(prefix)) break;
      if (newest!.kind === 'marker') continue;
      if (objects.length + prefixes.length === maxKeys) {
        return { objects, prefixes, last, truncated: maxKeys > 0 };
      }
      const common = commonPrefixOf(newest!.key, prefix, delimiter);
      if (common === undefined) {
        objects.push(newest as StoredObject);
        last = { kind: 'key', text: newest!.key };
        continue;
      }
      prefixes.push(common);
      last = { kind: 'prefix', text: common };
      // The walk goes on behind all keys of this prefix.
      start = afterEntry('prefix', common);
      break;
    }
  }
  return { objects, prefixes, last, truncated: false };
}

function commonPrefixOf(
  key: string,
  prefix: string,
  delimiter: string | undefined,
): string | undefined {
  if (delimiter === undefined || delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

function startOf(prefix: string, after: Start): Start {
  const lowest = sortableText(prefix);
  return after.from < lowest ? { from: lowest, inclusive: true } : after;
}

function afterEntry(kind: Entry['kind'], text: string | undefined): Start {
  if (text === undefined || text === '') return { from: '', inclusive: true };
  const sortable = sortableText(text);
  if (kind === 'key') return { from: sortable, inclusive: false };
  return { from: afterPrefix(sortable) ?? sortable, inclusive: true };
}

function tokenOf({ kind, text }: Entry): string {
  return Buffer.from(`${kind}:${text}`).toString('base64');
}

function parseToken(token: string): Start {
  const text = Buffer.from(token, 'base64').toString();
  const match = /^(key|prefix):(.+)$/s.exec(text);
  if (match !== null) return afterEntry(match[1] as Entry['kind'], match[2]);
  throw invalidArgument(
    'The continuation token provided is incorrect',
    'continuation-token',
    token,
  );
}

function maxKeysOf({ MaxKeys }: ListInput): number {
  if (MaxKeys === undefined) return KEYS_PER_PAGE_MAX;
  if (Number.isInteger(MaxKeys) && MaxKeys >= 0) return Math.min(MaxKeys, KEYS_PER_PAGE_MAX);
  throw invalidArgument(
    'Argument maxKeys must be an integer between 0 and 2147483647',
    'maxKeys',
    MaxKeys,
  );
}

function pageMembers(bucket: Bucket, input: ListInput, page: Page): object {
  const { Delimiter, EncodingType } = input;
  return {
    Name: bucket.name,
    Prefix: encoded(input.Prefix ?? '', input),
    MaxKeys: maxKeysOf(input),
    IsTruncated: page.truncated,
    ...(Delimiter === undefined ? {} : { Delimiter: encoded(Delimiter, input) }),
    ...(EncodingType === undefined ? {} : { EncodingType }),
    ...(page.prefixes.length === 0
      ? {}
      : { CommonPrefixes: page.prefixes.map((text) => ({ Prefix: encoded(text, input) })) }),
  };
}

function entryOf(object: StoredObject, input: ListInput): object {
  return {
    Key: encoded(object.key, input),
    LastModified: object.modifiedAtMs,
    ETag: object.etag,
    ChecksumAlgorithm: [object.checksum.algorithm],
    ChecksumType: object.checksum.type,
    Size: object.bytes.byteLength,
    StorageClass: object.headers['StorageClass'] ?? 'STANDARD',
  };
}

function ownerOf({ accountId }: Buckets): object {
  return { Owner: { ID: accountId } };
}

function encoded(text: string, { EncodingType }: ListInput): string {
  if (EncodingType === undefined) return text;
  if (EncodingType !== 'url') {
    throw invalidArgument(
      'Invalid Encoding Method specified in Request',
      'encoding-type',
      EncodingType,
    );
  }
  return encodeURIComponent(text).replaceAll('%2F', '/');
}
