import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a record that ends its process is tried again for ever',
  edits: [
    {
      path: 'lib/protocol/isolation.ts',
      source: '  if (attempts < ATTEMPTS_BEFORE_ISOLATION) {',
      replacement: '  if (attempts < ATTEMPTS_BEFORE_ISOLATION ** 9) {',
    },
  ],
};
