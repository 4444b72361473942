import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'folding a delta leaves the rows in state that it removes',
  edits: [
    {
      path: 'lib/state/operator-state.ts',
      source: '    for (const keyId of keyIds) this.removeRow(rowKey, keyId);\n',
      replacement: '',
    },
  ],
  scenarioNames: ['distinct-visits', 'rung-reports'],
};
