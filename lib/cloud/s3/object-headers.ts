// What a caller says about an object when it writes it, and gets back when it reads it.

import type { Bucket } from './bucket.ts';
import { invalidArgument, refusal } from './refusals.ts';

/** "Object key and metadata": user-defined metadata are limited to 2 KB. */
const METADATA_BYTES_MAX = 2 * 1024;
const KEY_BYTES_MAX = 1024;
const TAGS_MAX = 10;

const KEPT = [
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'Expires',
  'ExpiresString',
  'WebsiteRedirectLocation',
] as const;

export interface HeaderInput {
  readonly ContentType?: string;
  readonly Metadata?: Readonly<Record<string, string>>;
  readonly StorageClass?: string;
  readonly ServerSideEncryption?: string;
  readonly SSEKMSKeyId?: string;
  readonly BucketKeyEnabled?: boolean;
  /** `key=value&…`, percent-encoded. */
  readonly Tagging?: string;
}

/** The members of answers about an object that come from the request that wrote it. */
export function headersOf(input: HeaderInput, bucket: Bucket): Readonly<Record<string, unknown>> {
  const given = input as Readonly<Record<string, unknown>>;
  const kept = KEPT.filter((name) => given[name] !== undefined);
  return {
    ContentType: input.ContentType ?? 'binary/octet-stream',
    Metadata: metadataOf(input),
    ...Object.fromEntries(kept.map((name) => [name, given[name]])),
    ...(input.StorageClass === undefined || input.StorageClass === 'STANDARD'
      ? {}
      : { StorageClass: input.StorageClass }),
    ...encryptionOf(input, bucket),
  };
}

/** The members of answers that tell how an object is encrypted. */
export function encryptionMembers(headers: Readonly<Record<string, unknown>>): object {
  const names = ['ServerSideEncryption', 'SSEKMSKeyId', 'BucketKeyEnabled'];
  return Object.fromEntries(
    names.filter((name) => headers[name] !== undefined).map((name) => [name, headers[name]]),
  );
}

/** Tags from the header that carries them. */
export function parseTagging(tagging: string | undefined): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const pair of (tagging ?? '').split('&').filter((text) => text !== '')) {
    const [name = '', value = ''] = pair.split('=');
    tags.set(decoded(name), decoded(value));
  }
  return checkedTags(tags);
}

/** Tags from the member that lists them. */
export function parseTagSet(
  tagSet: readonly { readonly Key?: string; readonly Value?: string }[],
): ReadonlyMap<string, string> {
  const tags = new Map(tagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
  if (tags.size === tagSet.length) return checkedTags(tags);
  throw refusal(400, 'InvalidTag', 'Cannot provide multiple Tags with the same key');
}

/** Refuses keys that no object can have. */
export function checkKey(key: string | undefined): string {
  if (key === undefined || key === '') {
    throw invalidArgument('Object key must not be empty', 'key', key);
  }
  const bytes = Buffer.byteLength(key);
  if (bytes <= KEY_BYTES_MAX) return key;
  throw refusal(400, 'KeyTooLongError', 'Your key is too long', {
    Size: String(bytes),
    MaxSizeAllowed: String(KEY_BYTES_MAX),
  });
}

function metadataOf({ Metadata = {} }: HeaderInput): Readonly<Record<string, string>> {
  const entries = Object.entries(Metadata).map(([name, value]) => [name.toLowerCase(), value]);
  const bytes = entries.flat().reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
  if (bytes <= METADATA_BYTES_MAX) return Object.fromEntries(entries);
  throw refusal(
    400,
    'MetadataTooLarge',
    'Your metadata headers exceed the maximum allowed metadata size',
    { Size: String(bytes), MaxSizeAllowed: String(METADATA_BYTES_MAX) },
  );
}

function encryptionOf(input: HeaderInput, bucket: Bucket): Readonly<Record<string, unknown>> {
  if (input.ServerSideEncryption !== undefined) {
    const { ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled } = input;
    return {
      ServerSideEncryption,
      ...(SSEKMSKeyId === undefined ? {} : { SSEKMSKeyId }),
      ...(BucketKeyEnabled === undefined ? {} : { BucketKeyEnabled }),
    };
  }
  const configured = bucket.settings.get('Encryption') as
    | { readonly Rules?: readonly EncryptionRule[] }
    | undefined;
  const rule = configured?.Rules?.[0];
  const byDefault = rule?.ApplyServerSideEncryptionByDefault;
  return {
    ServerSideEncryption: byDefault?.SSEAlgorithm ?? 'AES256',
    ...(byDefault?.KMSMasterKeyID === undefined ? {} : { SSEKMSKeyId: byDefault.KMSMasterKeyID }),
    ...(rule?.BucketKeyEnabled === true ? { BucketKeyEnabled: true } : {}),
  };
}

interface EncryptionRule {
  readonly ApplyServerSideEncryptionByDefault?: {
    readonly SSEAlgorithm?: string;
    readonly KMSMasterKeyID?: string;
  };
  readonly BucketKeyEnabled?: boolean;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidArgument('The header x-amz-tagging is not percent-encoded', 'x-amz-tagging', text);
  }
}

function checkedTags(tags: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (tags.size > TAGS_MAX) {
    throw refusal(400, 'BadRequest', `Object tags cannot be greater than ${TAGS_MAX}`);
  }
  for (const [name, value] of tags) {
    if (name.length < 1 || name.length > 128) {
      throw refusal(400, 'InvalidTag', 'The TagKey you have provided is invalid');
    }
    if (value.length > 256) {
      throw refusal(400, 'InvalidTag', 'The TagValue you have provided is invalid');
    }
  }
  return tags;
}
