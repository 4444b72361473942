// The checks that run no code of the project; each is also an npm script of its own.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const project = join(import.meta.dirname, '..');

/** Runs a program of node_modules and returns what it complains about; nothing when it exits with 0. */
function complaintsOf(script: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(project, 'node_modules', script), ...args],
    { cwd: project, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } },
  );
  return status === 0 ? '' : `exit code ${status}\n${stdout}${stderr}`;
}

it('every file is formatted and free of lint', () => {
  expect(complaintsOf('@biomejs/biome/bin/biome', ['check', '.'])).toBe('');
});

it('every file type-checks', { timeout: 120_000 }, () => {
  expect(complaintsOf('typescript/bin/tsc', ['-p', 'tsconfig.json'])).toBe('');
});

it('no file, export or dependency is unused', { timeout: 60_000 }, () => {
  expect(complaintsOf('knip/bin/knip.js', [])).toBe('');
});
