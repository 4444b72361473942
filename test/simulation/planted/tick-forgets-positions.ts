import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a batch without records forgets how far the records before it were read',
  edits: [
    {
      path: 'lib/runtime/commit-header.ts',
      source: '  return positionsAfter(Object.fromEntries(kept), taken.delivery, {',
      replacement:
        '  if (taken.from === taken.to) return {};\n  return positionsAfter(Object.fromEntries(kept), taken.delivery, {',
    },
  ],
  scenarioNames: ['rung-reports', 'joined-streams'],
};
