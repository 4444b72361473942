import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a note of a start is not taken back when user code returns',
  edits: [
    {
      path: 'lib/runtime/pacing.ts',
      source: '    if (note === null) return;\n',
      replacement: '    if (note === null || note.attempts > 0) return;\n',
    },
  ],
};
