import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'duplicates are not counted',
  edits: [
    {
      path: 'lib/runtime/partition-task.ts',
      source: '        in: this.duplicateCount + count,\n        duplicate: this.duplicateCount,\n',
      replacement: '        in: count,\n        duplicate: 0,\n',
    },
  ],
};
