import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a commit whose reply was lost is taken for the commit of another',
  edits: [
    {
      path: 'lib/protocol/append.ts',
      source: "  if (stored.commitId === mine.commitId) return { kind: 'committed' };\n",
      replacement: '',
    },
  ],
};
