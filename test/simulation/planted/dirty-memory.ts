import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'what a failed batch has changed stays in the warm state',
  edits: [
    {
      path: 'lib/runtime/partition-task.ts',
      source: '    warmStates.drop(log);\n',
      replacement: '',
    },
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
