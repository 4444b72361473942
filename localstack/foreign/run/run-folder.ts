// What one run stores. It is kept out of the project, where functions would find its packages and
// take its package.json for theirs. The folder's name holds the id of the process that made it, so that
// those of processes that were killed are known and removed by the next run.

import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { foldersIn } from '../prerequisites/folders.ts';

const PREFIX = 'rivulet-cloud-';
/** Another command may remove its own at the same moment. */
const IF_THERE = { throwIfNoEntry: false } as const;
const NAME = new RegExp(`^${PREFIX}(\\d+)-`);

/** A fresh folder, with a home, a place for temporary files and the node of this process in it. */
export function createRunFolder(): string {
  removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  for (const name of ['bin', 'home', 'tmp']) mkdirSync(join(folder, name));
  symlinkSync(process.execPath, join(folder, 'bin', 'node'));
  return folder;
}

/** What programs of the run see: nothing of this machine's environment. */
export function environmentOf(
  folder: string,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    HOME: join(folder, 'home'),
    LANG: 'en_US.UTF-8',
    PATH: [join(folder, 'bin'), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    TMPDIR: join(folder, 'tmp'),
    TZ: 'UTC',
    ...variables,
  };
}

function removeLeftovers(): void {
  for (const left of foldersIn(tmpdir())) {
    const [, pid] = NAME.exec(basename(left)) ?? [];
    const isMine = pid !== undefined && statSync(left, IF_THERE)?.uid === process.getuid?.();
    if (isMine && !isAlive(Number(pid))) removeRunFolder(left);
  }
}

export function removeRunFolder(folder: string): void {
  // A child that has not noticed yet may write into it while it is removed.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
