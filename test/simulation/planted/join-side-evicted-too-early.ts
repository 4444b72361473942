import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'stored rows of a join leave as soon as the watermark has passed them, bound or not',
  edits: [
    {
      path: 'lib/operators/join-state.ts',
      source: '      const goneMs = endMs - lastBeforeEndMs + expiry.behindMs;\n',
      replacement: '      const goneMs = endMs - lastBeforeEndMs;\n',
    },
  ],
  scenarioNames: ['joined-streams'],
};
