import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutboxEntry } from '../../../lib/model/commit.ts';
import { EngineError } from '../../../lib/model/errors.ts';
import {
  compress,
  decodeCommitBody,
  decompress,
  encodeCommitBody,
} from '../../../lib/runtime/commit-body.ts';

const entry = (payload: OutboxEntry['payload']): OutboxEntry => ({
  sinkUid: 's3-delays',
  role: 'rows',
  target: { kind: 's3', bucketName: 'rows', key: 'rows/delays/dt=2001-01-01/x-0.ndjson' },
  rowCount: 2,
  payload,
});
const staged = entry({ kind: 'staged', object: { key: 'staged/x', byteLength: 9, sha256: 'a' } });

describe('the body of a commit', () => {
  test('comes back as it was encoded, whatever the delta and the rows', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.array(fc.uint8Array()), (delta, payloads) => {
        const outbox = [staged, ...payloads.map((bytes) => entry({ kind: 'inline', bytes }))];
        const decoded = decodeCommitBody(encodeCommitBody({ delta, outbox }));
        expect(Buffer.from(decoded.delta)).toEqual(Buffer.from(delta));
        expect(decoded.outbox.length).toBe(outbox.length);
        expect(decoded.outbox[0]).toEqual(staged);
        decoded.outbox.slice(1).forEach(({ payload }, index) => {
          expect(payload.kind === 'inline' && Buffer.from(payload.bytes)).toEqual(
            Buffer.from(payloads[index]!),
          );
        });
      }),
      { numRuns: 1_000, seed: 1 },
    );
  });

  test('that was changed anywhere is refused', () => {
    const body = encodeCommitBody({
      delta: Uint8Array.from({ length: 300 }, (_, index) => index % 7),
      outbox: [staged, entry({ kind: 'inline', bytes: Buffer.from('{"a":1}\n') })],
    });
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const broken = Uint8Array.from(body);
        broken[at]! ^= flip;
        expect(() => decodeCommitBody(broken)).toThrow(EngineError);
      }),
      { numRuns: 10_000, seed: 2 },
    );
  });

  test('does not expand beyond its bound', () => {
    const bomb = compress(new Uint8Array(1_000_000), 1_000_000);
    expect(() => decompress(bomb, 999_999)).toThrow(/do not decompress/);
    expect(decompress(bomb, 1_000_000).length).toBe(1_000_000);
  });

  test('is not written when it could not be read back', () => {
    expect(() => compress(new Uint8Array(1_001), 1_000)).toThrow(/1001 bytes to store/);
  });

  test.each([
    ['is no JSON', '['],
    ['is no list', '{}'],
    ['has an entry that is none', '[null]'],
    [
      'has an entry without a payload',
      '[{"sinkUid":"a","role":"rows","target":{"kind":"s3"},"rowCount":1}]',
    ],
    ['has a payload of no length', JSON.stringify([{ ...staged, payload: { kind: 'inline' } }])],
    ['stages nothing', JSON.stringify([{ ...staged, payload: { kind: 'staged' } }])],
    ['goes nowhere', JSON.stringify([{ ...staged, target: null }])],
    ['is too deep', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ])('whose outbox %s is refused as corrupt', (_, index) => {
    const words = Buffer.alloc(8);
    words.writeUInt32LE(index.length, 4);
    const body = compress(Buffer.concat([words, Buffer.from(index)]), 1_000_000);
    expect(() => decodeCommitBody(body)).toThrow(
      expect.objectContaining({ kind: 'data', code: 'object-corrupt' }),
    );
  });

  test('with bytes behind its last part is refused', () => {
    const body = encodeCommitBody({ delta: new Uint8Array(3), outbox: [staged] });
    const longer = Buffer.concat([decompress(body, 1_000), Buffer.from('x')]);
    expect(() => decodeCommitBody(compress(longer, 1_000))).toThrow(/bytes that belong to nothing/);
  });

  test('with an unknown codec is refused', () => {
    expect(() => decompress(Uint8Array.of(9, 1, 2), 10)).toThrow(/codec 9/);
  });
});
