import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'only a batch that ends where the last one did is recognised as a repeat',
  edits: [
    {
      path: 'lib/runtime/partition-task.ts',
      source: '    const decoded = decodeBatch(this.records, this.positionIn(warm));',
      replacement:
        '    const committed = this.positionIn(warm);\n    const last = this.records.at(-1)!.kinesis.sequenceNumber;\n    const decoded = decodeBatch(this.records, last === committed?.sequenceNumber ? committed : null);',
    },
  ],
};
