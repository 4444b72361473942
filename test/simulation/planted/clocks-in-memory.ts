import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'how far each of several watermarks has come stands in the memory of the sandbox',
  edits: [
    {
      path: 'lib/operators/watermark-progress.ts',
      source: '  private readonly options: ProgressOptions;\n',
      replacement:
        '  private readonly options: ProgressOptions;\n  private readonly reached = new Map<string, number>();\n',
    },
    {
      path: 'lib/operators/watermark-progress.ts',
      source: '      const before = numberOrNull(this.read(clock.uid, REACHED));\n',
      replacement: '      const before = this.reached.get(clock.uid) ?? null;\n',
    },
    {
      path: 'lib/operators/watermark-progress.ts',
      source: '      this.write(clock.uid, REACHED, ms);\n',
      replacement: '      this.reached.set(clock.uid, ms);\n',
    },
  ],
  scenarioNames: ['joined-streams'],
};
