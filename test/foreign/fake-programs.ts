// Programs that answer what a test wants, in a folder that is the whole PATH.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Machine {
  readonly folder: string;
  /** PATH and HOME lie in the folder, and there is nothing else. */
  readonly environment: NodeJS.ProcessEnv;
  /** Makes a program of shell commands; the path is relative to the folder. */
  program(path: string, script: string): string;
  remove(): void;
}

/** A machine with nothing on it. */
export function aMachine(): Machine {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rivulet-machine-')));
  return {
    folder,
    environment: { PATH: join(folder, 'bin'), HOME: join(folder, 'home') },
    program(path, script) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return file;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
