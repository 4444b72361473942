import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a commit that was refused counts as written',
  edits: [
    {
      path: 'lib/protocol/append.ts',
      source: "  if (stored.commitId === mine.commitId) return { kind: 'committed' };",
      replacement: "  return { kind: 'committed' };",
    },
  ],
};
