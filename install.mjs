// Installs the packages of the lock file when they are missing or differ from it, so that every npm
// script works in a fresh clone. Plain Node: it runs before anything is installed. It writes to
// stderr only, because scripts such as `npm run --silent cloud -- --json` own their stdout.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = dirname(fileURLToPath(import.meta.url));

/** Why `npm ci` must run, or `null` when what is installed is what the lock file names. */
function reasonToInstall() {
  const installedPath = join(project, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return 'node_modules is missing';
  const wanted = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  for (const [path, { version, optional, peer }] of Object.entries(wanted)) {
    // Optional packages are left out on other platforms; the root package is not installed at all.
    const found = installed[path];
    if (path === '' || (found === undefined && (optional || peer))) continue;
    if (found?.version !== version) return `${path} is not at ${version}`;
  }
  return null;
}

/** npm's cache, or a folder of the project when the one npm would use cannot be written. */
function usableCache() {
  const cache = process.env.npm_config_cache;
  try {
    if (cache !== undefined) {
      mkdirSync(cache, { recursive: true });
      accessSync(cache, constants.W_OK);
      return [];
    }
  } catch {
    return ['--cache', join(project, '.rivulet', 'npm-cache')];
  }
  return [];
}

/** Runs `npm ci`; no package of ours needs its install script, and npm may refuse to run them. */
function install() {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const [command, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const { status, error } = spawnSync(command, [...first, ...args, ...usableCache()], {
    cwd: project,
    stdio: ['ignore', 2, 2],
  });
  if (error) process.stderr.write(`npm ci did not start: ${error.message}\n`);
  return status ?? 1;
}

const reason = reasonToInstall();
if (reason !== null) {
  process.stderr.write(`installing packages: ${reason}\n`);
  process.exitCode = install();
}
