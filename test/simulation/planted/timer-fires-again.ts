import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'which timers have fired stands in the memory of the sandbox and not in state',
  edits: [
    {
      path: 'lib/operators/process.ts',
      source: '  private readonly timersRefused: string | null;\n',
      replacement:
        '  private readonly timersRefused: string | null;\n  private readonly fired = new Set<string>();\n',
    },
    {
      path: 'lib/operators/process.ts',
      source: '    this.keep(keyId, { ...record, timers: record.timers.slice(1) });\n',
      replacement:
        '    const id = [values.keys.textOf(keyId), firingMs].join();\n    if (this.fired.has(id)) return;\n    this.fired.add(id);\n',
    },
    {
      path: 'lib/operators/process.ts',
      source:
        '      const nextMs = values.dueOf(keyId, TIMER);\n      if (nextMs <= reachedMs(keyGroup))',
      replacement:
        '      const { timers } = readRecord(values.valueOf(keyId));\n      const nextMs = timers.find((each) => each > timeMs) ?? Infinity;\n      if (nextMs <= reachedMs(keyGroup))',
    },
  ],
  scenarioNames: ['rung-reports'],
};
