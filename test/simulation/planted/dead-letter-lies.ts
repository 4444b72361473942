import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a dead letter names another reason and another record',
  edits: [
    {
      path: 'lib/runtime/batch-outputs.ts',
      source:
        '      encodeDeadLetter({ reason, detail, data, shardId, ...position, arrivedAtMs }),\n',
      replacement:
        "      encodeDeadLetter({ reason: 'schema', detail, data, shardId, ...position, sequenceNumber: '0', arrivedAtMs }),\n",
    },
  ],
};
