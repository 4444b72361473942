import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'near its deadline the task names a record after the first uncommitted one',
  edits: [
    {
      path: 'lib/runtime/partition-task.ts',
      source: '    const itemIdentifier = decoded.sequenceNumbers[from]!;',
      replacement:
        '    const itemIdentifier = decoded.sequenceNumbers[Math.min(from + 1, decoded.count - 1)]!;',
    },
  ],
};
