import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'what a commit names is not published',
  edits: [
    {
      path: 'lib/runtime/batch-run.ts',
      source:
        '    await publishOutbox(ports, { header, outbox }, this.deadlineMs);\n    warm.state.adopt(result.draft);\n',
      replacement: '    warm.state.adopt(result.draft);\n',
    },
  ],
};
