import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a commit of a shared log forgets how far the other shards have come',
  edits: [
    {
      path: 'lib/runtime/commit-header.ts',
      source: '  return positionsAfter(Object.fromEntries(kept), taken.delivery, {',
      replacement:
        '  return positionsAfter(isShared ? {} : Object.fromEntries(kept), taken.delivery, {',
    },
  ],
  scenarioNames: ['joined-streams'],
};
