import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a batch is acknowledged although its rows could not be published',
  edits: [
    {
      path: 'lib/runtime/batch-run.ts',
      source:
        '    await publishOutbox(ports, { header, outbox }, this.deadlineMs);\n    warm.state.adopt(result.draft);\n',
      replacement:
        '    await publishOutbox(ports, { header, outbox }, this.deadlineMs).catch(() => undefined);\n    warm.state.adopt(result.draft);\n',
    },
  ],
};
