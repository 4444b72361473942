import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'which keys have been seen stands in the memory of the sandbox and not in state',
  edits: [
    {
      path: 'lib/operators/deduplicate.ts',
      source: '  private tables: DraftTable[] = [];\n',
      replacement:
        '  private tables: DraftTable[] = [];\n  private readonly seen = new Set<string>();\n',
    },
    {
      path: 'lib/operators/deduplicate.ts',
      source:
        '    const table = this.draft.table(this.endOfStretch(timeMs));\n    if (table.find(keyId) !== null) return;\n    this.remember(table, keyId, timeMs);\n',
      replacement:
        '    const text = this.draft.keys.textOf(keyId);\n    if (this.seen.has(text)) return;\n    this.pass.reached = true;\n    this.seen.add(text);\n',
    },
  ],
  scenarioNames: ['distinct-visits'],
};
