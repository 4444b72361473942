import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'whoever learns the head from the log does not publish its outbox',
  edits: [
    {
      path: 'lib/runtime/learn.ts',
      source:
        '  await publishOutbox(ports, { header, outbox: content.outbox }, learned.deadlineMs);\n',
      replacement: '',
    },
  ],
};
