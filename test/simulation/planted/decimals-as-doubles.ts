import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'exact decimals go through doubles',
  edits: [
    {
      path: 'lib/operators/accumulation.ts',
      source:
        '    return units === undefined ? null : new Decimal(BigInt(unitsOf(units)), scale);\n',
      replacement:
        '    return units === undefined ? null : new Decimal(BigInt(Number(unitsOf(units))), scale);\n',
    },
  ],
  scenarioNames: ['complete-table', 'handed-rows'],
};
