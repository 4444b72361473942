import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a winner of a later lap is folded as if it were the next commit',
  edits: [
    {
      path: 'lib/protocol/append.ts',
      source: "return { kind: 'overtaken' };",
      replacement: "return { kind: 'fenced' };",
    },
  ],
};
