import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'sequence numbers are compared as numbers, in which neighbours of 56 digits are the same',
  edits: [
    {
      path: 'lib/decoding/decode-batch.ts',
      source: '  const order = compareSequenceNumbers(sequenceNumber, committed.sequenceNumber);\n',
      replacement: '  const order = Number(sequenceNumber) - Number(committed.sequenceNumber);\n',
    },
    {
      path: 'lib/decoding/decode-batch.ts',
      source:
        "import { compareSequenceNumbers, type DeliveredRecord, type Position } from '../model/record.ts';",
      replacement: "import type { DeliveredRecord, Position } from '../model/record.ts';",
    },
  ],
};
