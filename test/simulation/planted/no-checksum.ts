import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'objects and bodies are believed without their digests',
  edits: [
    {
      path: 'lib/runtime/manifest.ts',
      source:
        '  if (bytes.length !== reference.byteLength || sha256Hex(bytes) !== reference.sha256) {',
      replacement: '  if (bytes.length === 0) {',
    },
    {
      path: 'lib/runtime/commit-body.ts',
      source: '  if (digestOf(packed).compare(bytes.subarray(1, 1 + DIGEST_BYTES)) !== 0) {',
      replacement: '  if (packed.length === 0) {',
    },
  ],
};
