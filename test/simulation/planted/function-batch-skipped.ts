import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'some batches are never given to their function',
  edits: [
    {
      path: 'lib/runtime/batch-functions.ts',
      source: "      if (sink?.kind === 'noop-sink') return;\n",
      replacement: "      if (sink?.kind === 'noop-sink' || /[23]$/.test(batch.batchId)) return;\n",
    },
  ],
  scenarioNames: ['handed-rows'],
};
