import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'an older batch may write over the row of a newer one',
  edits: [
    {
      path: 'lib/adapters/aws/sinks/dynamodb-table-publisher.ts',
      source: 'AND #n < :n)',
      replacement: 'AND (#n < :n OR #n >= :n))',
    },
  ],
};
