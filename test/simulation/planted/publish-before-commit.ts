import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'rows are published before their commit',
  edits: [
    {
      path: 'lib/runtime/batch-run.ts',
      source: '    const answer = await ports.commits.append(commit);\n',
      replacement:
        '    await publishOutbox(ports, { header, outbox }, this.deadlineMs);\n    const answer = await ports.commits.append(commit);\n',
    },
  ],
};
