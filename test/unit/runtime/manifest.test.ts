import { describe, expect, test } from 'vitest';
import { decodeManifest, encodeManifest, type Manifest } from '../../../lib/runtime/manifest.ts';
import { aHeader } from '../../support/headers.ts';

const object = { key: 'x', byteLength: 1, sha256: 'a'.repeat(64) };
const manifest: Manifest = {
  formatVersion: 1,
  header: aHeader(),
  segments: [{ ...object, firstKeyGroup: 0, lastKeyGroup: 255 }],
  lineage: object,
};
const refusal = (code: string) => expect.objectContaining({ kind: 'data', code });
const decoding = (stored: unknown) => () =>
  decodeManifest(Buffer.from(typeof stored === 'string' ? stored : JSON.stringify(stored)));

describe('a manifest', () => {
  test('comes back from its bytes', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  test('of a newer format says so', () => {
    expect(decoding({ ...manifest, formatVersion: 2 })).toThrow(/format 2 is not known/);
  });

  test.each([
    ['no JSON', '{'],
    ['nothing', 'null'],
    ['a format that is no number', { ...manifest, formatVersion: { toString: 1 } }],
    ['no header', { ...manifest, header: null }],
    ['no segments', { ...manifest, segments: null }],
    ['a segment that is no object', { ...manifest, segments: [null] }],
    [
      'a key group beyond the last',
      { ...manifest, segments: [{ ...object, firstKeyGroup: 0, lastKeyGroup: 256 }] },
    ],
    ['a lineage that is no reference', { ...manifest, lineage: {} }],
    [
      'a floor over more key groups than there are',
      {
        ...manifest,
        header: {
          ...aHeader(),
          floors: [{ firstKeyGroup: -9e15, lastKeyGroup: 255, watermarkMs: 1 }],
        },
      },
    ],
  ])('with %s is corrupt, so that the older checkpoint serves', (_, stored) => {
    expect(decoding(stored)).toThrow(refusal('object-corrupt'));
  });
});
