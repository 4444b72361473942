import type { PlantedBug } from './planted-bug.ts';

const PATH = 'lib/runtime/batch-run.ts';

export const planted: PlantedBug = {
  what: 'a spilled body is stored when its commit is in the log already',
  edits: [
    {
      path: PATH,
      source: '    await this.ports.objects.put({ key, bytes });\n',
      replacement: '',
    },
    {
      path: PATH,
      source: '    const answer = await ports.commits.append(commit);\n',
      replacement: `    const answer = await ports.commits.append(commit);
    if (body.kind === 'spilled') {
      const bytes = encodeCommitBody({ delta, outbox });
      await ports.objects.put({ key: body.object.key, bytes });
    }
`,
    },
  ],
};
