import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'spilled bodies are named by the batch number alone, so that attempts share an object',
  edits: [
    {
      path: 'lib/contract/keys.ts',
      source: '`bodies/${log}/${padded(batchNumber)}-${commitId}`',
      replacement: '`bodies/${log}/${padded(batchNumber)}-body`',
    },
  ],
  scenarioNames: ['spilled-windows', 'slow-sales'],
};
