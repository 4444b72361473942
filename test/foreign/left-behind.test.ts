// What commands that were killed have left, and others that look at it at the same moment.

import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ensureInstalled, type Part } from '../../localstack/foreign/install/part.ts';
import { createRunFolder } from '../../localstack/foreign/run/run-folder.ts';

/** Above the highest id that a process may have. */
const DEAD_PID = 4_194_305;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rivulet-left-behind-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

it('a lock that another command took from a dead one meanwhile is not taken from it', async () => {
  const directory = join(folder, 'tool');
  const lock = `${directory}.lock`;
  writeFileSync(lock, String(DEAD_PID));
  let isHeldByOther = false;
  // The other one is faster: it takes the lock right after this one has seen that its holder is dead.
  vi.spyOn(process, 'kill').mockImplementation((pid) => {
    if (pid !== DEAD_PID) return true;
    writeFileSync(lock, String(process.ppid));
    isHeldByOther = true;
    throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
  });
  const part: Part = {
    name: 'the tool',
    directory,
    files: [],
    proof: join(directory, 'program'),
    prepare: async () => ({
      async install() {
        expect(isHeldByOther).toBe(false);
        writeFileSync(join(directory, 'program'), '');
      },
    }),
  };
  const said: string[] = [];
  const say = (line: string) => {
    said.push(line);
    if (!isHeldByOther) return;
    // It has begun to wait: the other one comes to its end.
    expect(existsSync(lock)).toBe(true);
    isHeldByOther = false;
    rmSync(lock);
  };
  await ensureInstalled([part], { say });
  expect(said[0]).toBe('waiting for another command that installs the tool …');
  expect(existsSync(part.proof)).toBe(true);
  expect(existsSync(lock)).toBe(false);
});

it('a folder that another command removes at this moment is left to it', () => {
  vi.stubEnv('TMPDIR', folder);
  // It is in the list, but there is nothing behind it any more.
  symlinkSync(join(folder, 'gone'), join(folder, `rivulet-cloud-${DEAD_PID}-gone`));
  mkdirSync(join(folder, `rivulet-cloud-${DEAD_PID}-left`));
  const made = createRunFolder();
  expect(existsSync(made)).toBe(true);
  expect(existsSync(join(folder, `rivulet-cloud-${DEAD_PID}-left`))).toBe(false);
});
