import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'the watermark rises record by record, and the late filter uses it before its commit',
  edits: [
    {
      path: 'lib/runtime/process-batch.ts',
      source: '      pass.endRecord();\n',
      replacement:
        '      pass.endRecord();\n      pass.previous = GroupWatermarks.of(this.progress.advance(input.watermarkMs, null).closedMs, input.floors);\n',
    },
    {
      path: 'lib/operators/keyed-operator.ts',
      source: ': this.late.of(',
      replacement: ': this.pass.previous.of(',
    },
  ],
};
