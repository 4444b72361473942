import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'objects go by their age alone',
  edits: [
    {
      path: 'lib/runtime/checkpoint.ts',
      source: '  const isUnnamed = (key: string) => !named.has(key);',
      replacement: '  const isUnnamed = (key: string) => key.length + named.size > 0;',
    },
  ],
};
