// A process with all that it started, and theirs. LocalStack gives its children sessions of their own,
// so that no process group holds them all.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Killed processes are gone within milliseconds; one in a disk's hands may take longer. */
const GONE_MS = 10_000;
const POLL_MS = 20;

interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
}

/** The process and its descendants; those that have ended and were not asked for yet are left out. */
export function treeOf(root: number): readonly number[] {
  const running = runningProcesses();
  const tree = running.filter(({ pid }) => pid === root).map(({ pid }) => pid);
  for (const parent of tree) {
    for (const { pid, parentPid } of running) if (parentPid === parent) tree.push(pid);
  }
  return tree;
}

/** SIGKILL to all, and waits until they are gone. */
export async function killTree(root: number): Promise<void> {
  // Halted first, so that it starts nothing between the listing and the end.
  send(root, 'SIGSTOP');
  const tree = treeOf(root);
  for (const pid of tree) send(pid, 'SIGKILL');
  const endMs = Date.now() + GONE_MS;
  while (runningProcesses().some(({ pid }) => tree.includes(pid))) {
    if (Date.now() > endMs) throw new Error(`processes ${tree.join(', ')} do not end`);
    await delay(POLL_MS);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function runningProcesses(): readonly RunningProcess[] {
  return existsSync('/proc/self/stat') ? processesOfLinux() : processesByCommand();
}

function processesOfLinux(): readonly RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The name in brackets may hold anything; state and parent follow the last bracket.
        const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? [] : [{ pid: Number(name), parentPid: Number(parentPid) }];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}

function processesByCommand(): readonly RunningProcess[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [pid, parentPid, state = ''] = line.trim().split(/\s+/);
      return state.startsWith('Z') ? [] : [{ pid: Number(pid), parentPid: Number(parentPid) }];
    });
}
