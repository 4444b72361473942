import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'the last batch of the first lap expects its slot to be written already',
  edits: [
    {
      path: 'lib/adapters/aws/dynamodb-commit-log.ts',
      source: '  const firstLap = batchNumber <= ringSize;',
      replacement: '  const firstLap = batchNumber < ringSize;',
    },
  ],
};
