import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a stale sandbox takes batches of others for lost records',
  edits: [
    {
      path: 'lib/runtime/batch-run.ts',
      source:
        '    if (gaps.size > 0 && known !== undefined) return this.processAll(scope, undefined);\n',
      replacement: '',
    },
  ],
};
