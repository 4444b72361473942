import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a session that was merged into another one stays, too',
  edits: [
    {
      path: 'lib/operators/session-operator.ts',
      source: '    for (const { ordinal } of others) this.remove(keyId, ordinal);\n',
      replacement: '',
    },
  ],
  scenarioNames: ['distinct-visits'],
};
