import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'staged rows are named by the batch number alone, so that attempts share an object',
  edits: [
    {
      path: 'lib/contract/keys.ts',
      source: '`staged/${log}/${padded(batchNumber)}-${commitId}-${index}`',
      replacement: '`staged/${log}/${padded(batchNumber)}-${index}`',
    },
  ],
  scenarioNames: ['packed-records'],
};
