import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'an old record at the front of a batch is taken for a duplicate, and the gap covers it up',
  edits: [
    {
      path: 'lib/runtime/batch-run.ts',
      source: '    const delivery = deliver(this.records, warm.head?.positions ?? {});\n',
      replacement: `    const positions: Record<string, CommitHeader['positions'][string]> = {
      ...warm.head?.positions,
    };
    for (const { origin, records } of this.records) {
      const { sequenceNumber, approximateArrivalTimestamp } = records[0]!.kinesis;
      const committed = positions[positionKeyOf(origin)]?.sequenceNumber ?? '0';
      const ageMs = this.ports.clock.nowMs() - 1_000 * approximateArrivalTimestamp;
      const isNew = BigInt(sequenceNumber) > BigInt(committed);
      if (records.length === 1 || !isNew || ageMs <= 1_000_000) continue;
      positions[positionKeyOf(origin)] = { sequenceNumber, subSequenceNumber: 0 } as never;
    }
    const delivery = deliver(this.records, positions);
`,
    },
  ],
  scenarioNames: ['given-up-records'],
};
