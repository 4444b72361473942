import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'maintenance folds logs and removes nothing',
  edits: [
    {
      path: 'lib/runtime/maintenance.ts',
      source: '      pruned += await pruneObjects(ports, log, folded.pointer);\n',
      replacement: '      pruned += 0;\n',
    },
  ],
  scenarioNames: ['slow-sales'],
};
