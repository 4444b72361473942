import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a fold leaves the first of its batches out of the lineage',
  edits: [
    {
      path: 'lib/runtime/checkpoint.ts',
      source: 'foldedAfter(checkpoint, batches));',
      replacement: 'foldedAfter(checkpoint, batches).slice(1));',
    },
  ],
};
