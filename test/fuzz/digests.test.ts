// Digests vouch for objects: whatever was changed of an object is refused before it is looked at, and
// what decompresses stays within its bound.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { CheckpointReference } from '../../lib/model/commit.ts';
import { EngineError } from '../../lib/model/errors.ts';
import { asCommitId } from '../../lib/model/ids.ts';
import { BODY_BYTES_MAX } from '../../lib/model/limits.ts';
import type { ObjectStore } from '../../lib/ports/object-store.ts';
import { compress, decodeCommitBody, decompress } from '../../lib/runtime/commit-body.ts';
import {
  encodeManifest,
  readManifest,
  readVerified,
  referenceTo,
} from '../../lib/runtime/manifest.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { createRandom } from './random.ts';
import { sealDeflated, someManifests } from './targets-stored.ts';

const CASES = 10_000;
const MIB = 1024 * 1024;

/** A store that gives these bytes for every key. */
const storeOf = (bytes: Uint8Array): ObjectStore => ({
  put: () => Promise.resolve(),
  get: () => Promise.resolve(bytes),
  list: () => ({ [Symbol.asyncIterator]: () => [][Symbol.iterator]() as never }),
  delete: () => Promise.resolve(),
});

async function refusalOf(reading: Promise<unknown>): Promise<unknown> {
  try {
    await reading;
    return null;
  } catch (error) {
    return error;
  }
}

const isCorrupt = (error: unknown) =>
  error instanceof EngineError && error.kind === 'data' && error.code === 'object-corrupt';

describe('objects that a digest vouches for', () => {
  test('a damaged manifest is refused as corrupt, whatever the damage', async () => {
    const manifest = someManifests[1]!;
    const bytes = encodeManifest(manifest);
    const { batchNumber, commitId, log } = manifest.header;
    const checkpoint: CheckpointReference = {
      batchNumber,
      commitId,
      fold: asCommitId('fold'),
      manifest: referenceTo('manifests/x.json', bytes),
    };
    expect(await readManifest(storeOf(bytes), log, checkpoint)).toEqual(manifest);
    const random = createRandom(7);
    for (let index = 0; index < CASES; index += 1) {
      const damaged = mutateBytes([bytes], random);
      if (Buffer.compare(damaged, bytes) === 0) continue;
      const refusal = await refusalOf(readManifest(storeOf(damaged), log, checkpoint));
      expect(isCorrupt(refusal), `seed 7, case ${index}: ${hexOf(damaged)}`).toBe(true);
    }
  });

  test('a damaged segment, body or staged output is refused as corrupt, whatever the damage', async () => {
    const bytes = compress(Buffer.from('{"a":1}\n'.repeat(20)), MIB);
    const reference = referenceTo('segments/x', bytes);
    const random = createRandom(8);
    for (let index = 0; index < CASES; index += 1) {
      const damaged = mutateBytes([bytes], random);
      if (Buffer.compare(damaged, bytes) === 0) continue;
      const refusal = await refusalOf(readVerified(storeOf(damaged), reference));
      expect(isCorrupt(refusal), `seed 8, case ${index}: ${hexOf(damaged)}`).toBe(true);
    }
  });
});

describe('bytes that expand', () => {
  /** Zeros that nobody has to hold in memory: deflated blocks can be joined. */
  function bombOf(byteLength: number): Buffer {
    const block = deflateRawSync(Buffer.alloc(MIB), { finishFlush: constants.Z_FULL_FLUSH });
    const last = deflateRawSync(Buffer.alloc(0));
    return Buffer.concat([...Array.from({ length: byteLength / MIB }, () => block), last]);
  }

  test('are refused as corrupt above the bound of a body, and memory stays within it', () => {
    const before = process.resourceUsage().maxRSS * 1024;
    const body = sealDeflated(bombOf(512 * MIB));
    expect(body.length).toBeLessThan(MIB);
    expect(() => decodeCommitBody(body)).toThrow(/do not decompress/);
    // What was inflated until the bound is held once in pieces, and perhaps joined.
    expect(process.resourceUsage().maxRSS * 1024 - before).toBeLessThan(3 * BODY_BYTES_MAX);
  });

  test.each([0, 1, MIB, 8 * MIB - 1])(
    'are read up to a bound of %i bytes and not beyond',
    (max) => {
      const plain = Buffer.alloc(max);
      expect(decompress(sealDeflated(deflateRawSync(plain)), Math.max(1, max)).length).toBe(max);
      const beyond = sealDeflated(deflateRawSync(Buffer.alloc(max + 2)));
      expect(() => decompress(beyond, max + 1)).toThrow(EngineError);
    },
  );

  test('are refused where one bomb is inside of another', () => {
    const inner = sealDeflated(bombOf(128 * MIB));
    expect(() => decodeCommitBody(compress(inner, BODY_BYTES_MAX))).toThrow(EngineError);
  });
});

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
