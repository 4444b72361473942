import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'rows that are removed are not in the delta, so that a cold start brings them back',
  edits: [
    {
      path: 'lib/state/delta.ts',
      source:
        '      writer.varint(removed.length);\n      if (removed.length > 0) encodeKeys(writer, rows, { keys, slots: removed });\n',
      replacement: '      writer.varint(0);\n',
    },
  ],
  scenarioNames: ['distinct-visits', 'rung-reports'],
};
