import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'functions get their rows before the commit',
  edits: [
    {
      path: 'lib/runtime/batch-run.ts',
      source: '    const answer = await ports.commits.append(commit);\n',
      replacement: `    for (const { sinkUid, target, payload } of outbox) {
      if (target.kind !== 'function' || payload.kind !== 'inline') continue;
      const batch = { sinkUid, batchId: target.batchId, bytes: payload.bytes };
      await ports.functions.handOver(batch, this.deadlineMs);
    }
    const answer = await ports.commits.append(commit);
`,
    },
  ],
  scenarioNames: ['handed-rows'],
};
