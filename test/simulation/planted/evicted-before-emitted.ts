import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'closed windows leave the state before their rows are given out',
  edits: [
    {
      path: 'lib/operators/aggregation.ts',
      source:
        '      emitResults({ operator: keyed, pushes, pass, ...watermarks });\n      keyed.evict(watermarks.current);\n',
      replacement:
        '      keyed.evict(watermarks.current);\n      emitResults({ operator: keyed, pushes, pass, ...watermarks });\n',
    },
  ],
};
