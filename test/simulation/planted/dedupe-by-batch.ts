import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'only a batch that ends where the last one did is recognised as a repeat',
  edits: [
    {
      path: 'lib/runtime/delivery.ts',
      source: '    const part = decodeBatch(records, positions[positionKeyOf(origin)] ?? null);',
      replacement:
        '    const committed = positions[positionKeyOf(origin)];\n    const last = records.at(-1)!.kinesis.sequenceNumber;\n    const part = decodeBatch(records, last === committed?.sequenceNumber ? committed : null);',
    },
  ],
};
