import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a manifest names the head that the log has when it is written, not the one that was folded',
  edits: [
    {
      path: 'lib/runtime/checkpoint.ts',
      source: '  const { header } = recovered.head!;\n  const fold = ports.ids.commitId();\n',
      replacement: `  let { header } = recovered.head!;
  const fold = ports.ids.commitId();
  await followLog(
    ports.commits,
    { log: header.log, ringSize: header.ringSize, head: header },
    {
      expected: 1,
      onLinks: async (links) => {
        header = links.at(-1)?.header ?? header;
      },
    },
  );
`,
    },
  ],
  scenarioNames: ['windowed-sales', 'spilled-windows', 'lost-commits'],
};
