import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'the commit does not wait until its spilled body is stored',
  edits: [
    {
      path: 'lib/runtime/batch-run.ts',
      source: '    await this.ports.objects.put({ key, bytes });\n',
      replacement: '    void this.ports.objects.put({ key, bytes }).catch(() => undefined);\n',
    },
  ],
};
