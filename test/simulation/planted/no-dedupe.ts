import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'records that are delivered again are taken again',
  edits: [
    {
      path: 'lib/decoding/decode-batch.ts',
      source: '  if (committed === null) return 0;\n',
      replacement: '  if (committed === null || committed.sequenceNumber.length > 0) return 0;\n',
    },
  ],
};
