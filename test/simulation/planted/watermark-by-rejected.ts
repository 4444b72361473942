import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a record that is rejected for its time moves the watermark',
  edits: [
    {
      path: 'lib/operators/stateless.ts',
      source: '    if (isAhead(time, pass.arrivedAtMs, node.maxAheadMs)) {\n',
      replacement:
        '    if (time > clock.maxSeenMs) clock.maxSeenMs = time;\n    if (isAhead(time, pass.arrivedAtMs, node.maxAheadMs)) {\n',
    },
  ],
};
