import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a function does not get the first row of its batch',
  edits: [
    {
      path: 'lib/runtime/batch-functions.ts',
      source: '  const rows = parseRows(batch.bytes);\n',
      replacement: '  const rows = parseRows(batch.bytes).slice(1);\n',
    },
  ],
  scenarioNames: ['handed-rows'],
};
