import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a slot is written over although no checkpoint covers it',
  edits: [
    {
      path: 'lib/protocol/ring.ts',
      source: '  return next - ring.size <= ring.coveredTo;',
      replacement: '  return next > 0;',
    },
  ],
};
