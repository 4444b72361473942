import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a warm sandbox recovers at every batch, as if it knew nothing',
  edits: [
    {
      path: 'lib/runtime/partition-task.ts',
      source: '    const known = warmStates.get(log);\n    warmStates.drop(log);\n',
      replacement: '    warmStates.drop(log);\n    const known = warmStates.get(log);\n',
    },
  ],
};
