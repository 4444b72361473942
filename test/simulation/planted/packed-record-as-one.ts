import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'duplicates are told by sequence number alone, so that the rest of a packed record is dropped',
  edits: [
    {
      path: 'lib/decoding/decode-batch.ts',
      source: '  return order > 0 ? 0 : order < 0 ? Infinity : committed.subSequenceNumber + 1;',
      replacement: '  return order > 0 ? 0 : Infinity;',
    },
  ],
  scenarioNames: ['spilled-windows', 'packed-records', 'slow-sales'],
};
