import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'duplicates are not counted',
  edits: [
    {
      path: 'lib/runtime/commit-header.ts',
      source: '      in: duplicateCount + count,\n      duplicate: duplicateCount,\n',
      replacement: '      in: count,\n      duplicate: 0,\n',
    },
  ],
};
