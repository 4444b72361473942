import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'the lineage of a batch names the first of its outputs only',
  edits: [
    {
      path: 'lib/runtime/lineage.ts',
      source: '    outputs: outbox.map(describeOutput),',
      replacement: '    outputs: outbox.slice(0, 1).map(describeOutput),',
    },
  ],
};
