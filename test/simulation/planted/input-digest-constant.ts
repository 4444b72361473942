import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'the digest of a commit is of the range of its records, not of their bytes',
  edits: [
    {
      path: 'lib/runtime/process-batch.ts',
      source: 'lengthBytes, decoded.slabRange(from, to));',
      replacement: 'lengthBytes, decoded.slabRange(from, from));',
    },
  ],
};
