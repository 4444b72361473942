// The folder behind `--data`: a lock, one journal, and the code of deployed functions.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Journal, openJournal } from './journal.ts';
import { errorCodeOf, Refused } from './refused.ts';

/** Below this a journal is replayed rather than folded: replay takes about a second for it. */
const COMPACT_ABOVE_BYTES = 64 * 1024 * 1024;

const JOURNAL_NAME = /^journal-(\d{6})$/;

export interface DataDirectory {
  readonly codeDirectory: string;
  readonly journal: Journal;
  close(): void;
}

/**
 * Takes the folder for this process and replays what it holds. A long journal is folded: `dump` gives
 * the entries that stand for all before them.
 *
 * @throws Refused when the folder cannot be written, is in use, or is damaged
 */
export function openDataDirectory(options: {
  readonly path: string;
  readonly replay: (entry: unknown) => void;
  readonly dump: () => readonly unknown[];
}): DataDirectory {
  const { path, replay, dump } = options;
  const codeDirectory = join(path, 'code');
  const release = lock(path, codeDirectory);
  try {
    let journal = openNewest(path, replay);
    if (journal.byteLength > COMPACT_ABOVE_BYTES) {
      journal.close();
      journal = fold(path, dump());
    }
    return {
      codeDirectory,
      journal,
      close() {
        journal.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

function generationsIn(path: string): number[] {
  return readdirSync(path)
    .map((name) => Number(JOURNAL_NAME.exec(name)?.[1] ?? 0))
    .filter((generation) => generation > 0)
    .sort((left, right) => left - right);
}

function journalPath(path: string, generation: number): string {
  return join(path, `journal-${String(generation).padStart(6, '0')}`);
}

function openNewest(path: string, replay: (entry: unknown) => void): Journal {
  const generations = generationsIn(path);
  const newest = generations.at(-1) ?? 1;
  // A newer generation stands only when it is whole, so whatever is left of older ones is garbage.
  for (const old of generations.slice(0, -1)) unlinkSync(journalPath(path, old));
  return openJournal(journalPath(path, newest), replay);
}

function fold(path: string, entries: readonly unknown[]): Journal {
  const next = (generationsIn(path).at(-1) ?? 0) + 1;
  const unfinished = join(path, 'journal.unfinished');
  rmSync(unfinished, { force: true });
  const folded = openJournal(unfinished, () => {});
  for (const entry of entries) folded.append(entry);
  folded.close();
  renameSync(unfinished, journalPath(path, next));
  return openNewest(path, () => {});
}

/** Returns what gives the folder back. */
function lock(path: string, codeDirectory: string): () => void {
  const file = join(path, 'lock');
  try {
    makeFolder(codeDirectory);
    claim(file, path);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(`the folder ${path} cannot be written: ${errorCodeOf(error) ?? error}`);
  }
  return () => rmSync(file, { force: true });
}

/** Makes missing folders one by one: Node's own recursion never returns below `/proc`. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function claim(file: string, path: string): void {
  const mine = `${process.pid} ${startOf(process.pid)}`;
  try {
    writeFileSync(file, mine, { flag: 'wx' });
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST' || !statSync(file).isFile()) throw error;
    const holder = readFileSync(file, 'utf8');
    if (isRunning(holder)) {
      const pid = holder.split(' ', 1)[0];
      throw new Refused(`the folder ${path} is in use by process ${pid}: stop it or take another`);
    }
    unlinkSync(file);
    writeFileSync(file, mine, { flag: 'wx' });
  }
}

/** Pids are used again, so a holder is a pid and, where the system tells it, the time it started. */
function isRunning(holder: string): boolean {
  const [pidText = '', start = ''] = holder.split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCodeOf(error) !== 'EPERM') return false;
  }
  return startOf(pid) === start;
}

/** Start time in clock ticks since boot; empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is a name in parentheses that may hold blanks; the start is the 22nd.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
