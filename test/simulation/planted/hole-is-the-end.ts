import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a hole in the chain of commits is taken for its end',
  edits: [
    {
      path: 'lib/protocol/chain.ts',
      source: '  return corrupt(`batch ${found} stands where batch ${next} belongs`);',
      replacement: "  return { kind: 'end', links: read.links };",
    },
  ],
  scenarioNames: ['lost-commits'],
};
