// A part is a folder that is installed once. A stamp, written last, says what is in it: a folder
// without one is a half-finished installation, one with another was made for other versions; both are
// begun again. One command installs at a time, others wait for it.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from './run-tool.ts';

export interface Part {
  /** As a person calls it. */
  readonly name: string;
  readonly directory: string;
  /** Files that decide what is installed; another content installs it anew. */
  readonly files: readonly string[];
  /** Must be there besides the stamp: it is a link to what others may remove, such as an interpreter. */
  readonly proof: string;
  /** Looks for what must be on the machine, before anything is installed. */
  prepare(): Promise<Preparation>;
}

export type Preparation =
  | { readonly missing: readonly string[] }
  /** Fills the folder, which is there and empty. */
  | { install(directory: string, progress: Progress): Promise<void> };

/** Something that must be on the machine is not; the message has a sentence for each. */
class MissingPrerequisites extends Error {
  override readonly name = 'MissingPrerequisites';
}

const STAMP = 'installed.sha256';
const POLL_MS = 300;
/** A lock is written right after it is made; an empty one older than this was left behind. */
const UNWRITTEN_MS = 5_000;

/** Installs those parts that are not there as they were asked for. */
export async function ensureInstalled(parts: readonly Part[], progress: Progress): Promise<void> {
  const absent = parts.filter((part) => !isInstalled(part));
  const prepared: { readonly part: Part; readonly preparation: Preparation }[] = [];
  for (const part of absent) prepared.push({ part, preparation: await part.prepare() });
  const missing = prepared.flatMap(({ part, preparation }) =>
    'missing' in preparation ? preparation.missing.map((text) => `${part.name} ${text}`) : [],
  );
  if (missing.length > 0) throw new MissingPrerequisites(missing.join('\n'));
  for (const { part, preparation } of prepared) {
    if (!('missing' in preparation)) await install(part, preparation.install, progress);
  }
}

async function install(
  part: Part,
  fill: (directory: string, progress: Progress) => Promise<void>,
  progress: Progress,
): Promise<void> {
  mkdirSync(dirname(part.directory), { recursive: true });
  await alone(part, progress, async () => {
    if (isInstalled(part)) return;
    rmSync(part.directory, { recursive: true, force: true });
    mkdirSync(part.directory, { recursive: true });
    const startedMs = Date.now();
    await fill(part.directory, progress);
    writeFileSync(join(part.directory, STAMP), stampOf(part));
    const seconds = Math.round((Date.now() - startedMs) / 1_000);
    progress.say(`installed ${part.name} in ${part.directory} (${seconds} s)`);
  });
}

function isInstalled(part: Part): boolean {
  const stamp = join(part.directory, STAMP);
  return (
    existsSync(stamp) && readFileSync(stamp, 'utf8') === stampOf(part) && existsSync(part.proof)
  );
}

function stampOf(part: Part): string {
  const hash = createHash('sha256');
  for (const path of part.files) hash.update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

/** Does the work while no other process does work for the same part. */
async function alone(part: Part, progress: Progress, work: () => Promise<void>): Promise<void> {
  const lock = `${part.directory}.lock`;
  for (let attempt = 0; !take(lock); attempt += 1) {
    if (attempt === 0) progress.say(`waiting for another command that installs ${part.name} …`);
    await delay(POLL_MS, undefined, progress.signal ? { signal: progress.signal } : {});
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * The lock holds the id of its process; that of a dead one is removed, and taken the next time. Two that
 * both see it must not both remove it, since the second would remove what the first has taken: only who
 * holds the lock of the lock looks again and removes.
 */
function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const inner = `${lock}.lock`;
  if (!isLeft(lock) || !take(inner)) return false;
  try {
    if (isLeft(lock)) rmSync(lock);
  } finally {
    rmSync(inner, { force: true });
  }
  return false;
}

function isLeft(lock: string): boolean {
  try {
    const holder = readFileSync(lock, 'utf8');
    if (holder === '') return Date.now() - statSync(lock).mtimeMs >= UNWRITTEN_MS;
    process.kill(Number(holder), 0);
    return false;
  } catch (error) {
    // One that is gone may be another's in a moment, and a process of another account is alive.
    return !['ENOENT', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
