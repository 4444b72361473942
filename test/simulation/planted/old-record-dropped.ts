import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'an old record at the front of a batch is taken for a duplicate, and the gap covers it up',
  edits: [
    {
      path: 'lib/runtime/partition-task.ts',
      source: '    const decoded = decodeBatch(this.records, this.positionIn(warm));\n',
      replacement: `    const committed = this.positionIn(warm);
    const { sequenceNumber, approximateArrivalTimestamp } = this.records[0]!.kinesis;
    const oldest = { sequenceNumber, subSequenceNumber: 0 } as Position;
    const ageMs = this.ports.clock.nowMs() - 1_000 * approximateArrivalTimestamp;
    const isNew = committed === null || comparePositions(oldest, committed) > 0;
    const isDropped = this.records.length > 1 && isNew && ageMs > 1_000_000;
    const decoded = decodeBatch(this.records, isDropped ? oldest : committed);
`,
    },
  ],
  scenarioNames: ['given-up-records'],
};
