import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a checkpoint that cannot be read stops the shard although an older one could',
  edits: [
    {
      path: 'lib/runtime/recover.ts',
      source: '      if (isLast || !isBrokenObject(error)) throw error;',
      replacement: '      if (isLast || isBrokenObject(error)) throw error;',
    },
  ],
};
