import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'near its deadline the task names a record after the first uncommitted one',
  edits: [
    {
      path: 'lib/runtime/delivery.ts',
      source: 'decoded.sequenceNumbers[span.from]!',
      replacement: 'decoded.sequenceNumbers[Math.min(span.from + 1, span.to - 1)]!',
    },
  ],
};
