import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'records that the mapping gave up leave no trace',
  edits: [
    {
      path: 'lib/runtime/find-gap.ts',
      source: '  if (found === before.sequenceNumber) return restOfPack(ports, between);',
      replacement: '  if (found !== undefined) return null;',
    },
  ],
};
