// The body of a commit: codec byte, digest, compressed delta and outbox. The outbox rides as a small
// JSON index followed by the bytes of its inline entries, so that rows are stored once and in their
// final encoding. The digest finds every flipped bit before anything is read; a decoder bounds what
// decompression may expand to and checks every length.
//
//   byte 0       codec: 1 = raw deflate, level 1
//   bytes 1-16   the first half of the SHA-256 of all that follows
//   inflated     u32 delta length, delta, u32 index length, index (JSON), inline payloads in order

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { assert } from '../model/assert.ts';
import type { OutboxEntry } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import { BODY_BYTES_MAX } from '../model/limits.ts';
import { isStoredOutput, isStoredReference } from '../model/stored.ts';
import { sha256Hex } from '../state/digest.ts';

const CODEC_DEFLATE = 1;
const DIGEST_BYTES = 16;
const WORD = 4;

export interface CommitContent {
  readonly delta: Uint8Array;
  readonly outbox: readonly OutboxEntry[];
}

/** An outbox entry in the index: inline payloads give only their length. */
type IndexedEntry = Omit<OutboxEntry, 'payload'> & {
  readonly payload:
    | { readonly kind: 'inline'; readonly byteLength: number }
    | Extract<OutboxEntry['payload'], { kind: 'staged' }>;
};

export function encodeCommitBody(content: CommitContent): Uint8Array {
  const index = Buffer.from(JSON.stringify(content.outbox.map(toIndexed)), 'utf8');
  const payloads = content.outbox.flatMap(({ payload }) =>
    payload.kind === 'inline' ? [payload.bytes] : [],
  );
  const parts = [word(content.delta.length), content.delta, word(index.length), index, ...payloads];
  return compress(Buffer.concat(parts), BODY_BYTES_MAX);
}

export function decodeCommitBody(body: Uint8Array): CommitContent {
  const plain = decompress(body, BODY_BYTES_MAX);
  const deltaBytes = readWord(plain, 0);
  const indexAt = WORD + deltaBytes + WORD;
  const indexBytes = readWord(plain, WORD + deltaBytes);
  let payloadAt = indexAt + indexBytes;
  const entries = parseIndex(take(plain, indexAt, payloadAt));
  const outbox = entries.map((entry): OutboxEntry => {
    if (entry.payload.kind === 'staged') return { ...entry, payload: entry.payload };
    const bytes = take(plain, payloadAt, payloadAt + entry.payload.byteLength);
    payloadAt += entry.payload.byteLength;
    return { ...entry, payload: { kind: 'inline', bytes } };
  });
  if (payloadAt !== plain.length) throw broken('has bytes that belong to nothing');
  return { delta: take(plain, WORD, WORD + deltaBytes), outbox };
}

/**
 * Codec byte, digest and deflated bytes; the form of commit bodies and of snapshot segments. Refuses
 * what `decompress` with the same bound would refuse to read.
 */
export function compress(plain: Uint8Array, bytesMax: number): Uint8Array {
  assert(plain.length <= bytesMax, `${plain.length} bytes to store, ${bytesMax} can be read back`);
  const packed = deflateRawSync(plain, { level: 1 });
  return Buffer.concat([Uint8Array.of(CODEC_DEFLATE), digestOf(packed), packed]);
}

/** The inverse of `compress`; a `data` error for another codec, broken bytes or more than `bytesMax`. */
export function decompress(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes[0] !== CODEC_DEFLATE) throw broken(`has codec ${bytes[0] ?? 'none'}, expected 1`);
  const packed = bytes.subarray(1 + DIGEST_BYTES);
  if (digestOf(packed).compare(bytes.subarray(1, 1 + DIGEST_BYTES)) !== 0) {
    throw broken('does not have the digest it was stored with');
  }
  try {
    return inflateRawSync(packed, { maxOutputLength: bytesMax });
  } catch (cause) {
    throw new EngineError('data', 'stored bytes do not decompress', {
      cause,
      code: 'object-corrupt',
    });
  }
}

const digestOf = (packed: Uint8Array) =>
  Buffer.from(sha256Hex(packed).slice(0, 2 * DIGEST_BYTES), 'hex');

function toIndexed(entry: OutboxEntry): IndexedEntry {
  const { payload } = entry;
  if (payload.kind === 'staged') return { ...entry, payload };
  return { ...entry, payload: { kind: 'inline', byteLength: payload.bytes.length } };
}

function parseIndex(bytes: Uint8Array): readonly IndexedEntry[] {
  const index = parseJson(bytes);
  if (Array.isArray(index) && index.every(isIndexed)) return index;
  throw broken('has an outbox that cannot be read');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new EngineError('data', 'a stored body has an outbox that is not JSON', {
      cause,
      code: 'object-corrupt',
    });
  }
}

function isIndexed(entry: unknown): entry is IndexedEntry {
  if (!isStoredOutput(entry)) return false;
  const { payload } = entry as { readonly payload?: Partial<IndexedEntry['payload']> | null };
  if (payload?.kind === 'staged') return isStoredReference(payload.object);
  return payload?.kind === 'inline' && Number.isSafeInteger(payload.byteLength);
}

function word(length: number): Uint8Array {
  const bytes = Buffer.alloc(WORD);
  bytes.writeUInt32LE(length);
  return bytes;
}

function readWord(bytes: Uint8Array, at: number): number {
  const view = take(bytes, at, at + WORD);
  return Buffer.from(view.buffer, view.byteOffset, WORD).readUInt32LE();
}

function take(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (!(start <= end && end <= bytes.length)) throw broken('ends before its parts do');
  return bytes.subarray(start, end);
}

const broken = (why: string) =>
  new EngineError('data', `a stored body ${why}`, { code: 'object-corrupt' });
