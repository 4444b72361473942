import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'the log is read with eventual consistency',
  edits: [
    {
      path: 'lib/adapters/aws/dynamodb-commit-log.ts',
      source: '            ScanIndexForward: true,\n            ConsistentRead: true,',
      replacement: '            ScanIndexForward: true,\n            ConsistentRead: false,',
    },
  ],
};
