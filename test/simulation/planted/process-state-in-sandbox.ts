import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'state of user code is read from the memory of the sandbox where that has it',
  edits: [
    {
      path: 'lib/operators/process.ts',
      source: '  private readonly timersRefused: string | null;\n',
      replacement:
        '  private readonly timersRefused: string | null;\n  private readonly records = new Map<string, KeyRecord>();\n',
    },
    {
      path: 'lib/operators/process.ts',
      source: '      record: readRecord(values.valueOf(keyId)),\n',
      replacement:
        '      record: this.records.get(values.keys.textOf(keyId)) ?? readRecord(values.valueOf(keyId)),\n',
    },
    {
      path: 'lib/operators/process.ts',
      source: '    const { values, specs, pass } = this;\n',
      replacement:
        '    const { values, specs, pass } = this;\n    this.records.set(values.keys.textOf(keyId), record);\n',
    },
  ],
  scenarioNames: ['rung-reports'],
};
