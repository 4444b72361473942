import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'the draft becomes the warm state before the reply of its commit',
  edits: [
    {
      path: 'lib/runtime/batch-run.ts',
      source: '    const answer = await ports.commits.append(commit);\n',
      replacement:
        '    warm.state.adopt(result.draft);\n    const answer = await ports.commits.append(commit);\n',
    },
    {
      path: 'lib/runtime/batch-run.ts',
      source:
        '    await publishOutbox(ports, { header, outbox }, this.deadlineMs);\n    warm.state.adopt(result.draft);\n',
      replacement: '    await publishOutbox(ports, { header, outbox }, this.deadlineMs);\n',
    },
  ],
};
