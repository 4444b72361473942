import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a fold leaves the first of its batches out of the lineage',
  edits: [
    {
      path: 'lib/runtime/checkpoint.ts',
      source: '[...batches.values()]',
      replacement: '[...batches.values()].slice(1)',
    },
  ],
};
