import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'closed windows leave the state before their rows are given out',
  edits: [
    {
      path: 'lib/runtime/process-batch.ts',
      source: '    for (const { operator, pushes } of this.wired.keyed) {\n      emitResults({',
      replacement:
        '    for (const { operator, pushes } of this.wired.keyed) {\n      operator.evict(watermarks.current);\n      emitResults({',
    },
    {
      path: 'lib/runtime/process-batch.ts',
      source:
        '        onFault: (fault, row) => outputs.addDeadRow(fault, row, last),\n      });\n      operator.evict(watermarks.current);\n',
      replacement:
        '        onFault: (fault, row) => outputs.addDeadRow(fault, row, last),\n      });\n',
    },
  ],
};
