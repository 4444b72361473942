import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a checkpoint holds a batch before its commit is in the log',
  edits: [
    {
      path: 'lib/runtime/checkpoint.ts',
      source: 'async function putCheckpoint(',
      replacement: 'export async function putCheckpoint(',
    },
    {
      path: 'lib/runtime/batch-run.ts',
      source: "import { encodeCommitBody } from './commit-body.ts';",
      replacement:
        "import { putCheckpoint } from './checkpoint.ts';\nimport { encodeCommitBody } from './commit-body.ts';",
    },
    {
      path: 'lib/runtime/batch-run.ts',
      source: '    const answer = await ports.commits.append(commit);\n',
      replacement:
        '    if (number % 3 === 0) {\n      const { pointer } = await ports.commits.readPointer(warm.log);\n      warm.state.adopt(result.draft);\n      const early = { state: warm.state, head: { header } } as never;\n      const newest = await putCheckpoint(ports, early, null);\n      const to = { newest, previous: pointer?.newest ?? null };\n      await ports.commits.movePointer({ log: warm.log, from: pointer, to });\n    }\n    const answer = await ports.commits.append(commit);\n',
    },
    {
      path: 'lib/runtime/batch-run.ts',
      source: 'this.deadlineMs);\n    warm.state.adopt(result.draft);\n',
      replacement: 'this.deadlineMs);\n    if (number % 3 !== 0) warm.state.adopt(result.draft);\n',
    },
  ],
};
