import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'an older version of the code goes on after a newer one',
  edits: [
    {
      path: 'lib/runtime/learn.ts',
      source: '  if (header.deployEpoch > identity.deployEpoch) {',
      replacement: '  if (header.deployEpoch < 0) {',
    },
  ],
};
