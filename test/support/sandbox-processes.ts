import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Ids of the sandboxes that a process has started; where there is no /proc, `ps` tells. */
export function sandboxesOf(parent: number): readonly number[] {
  const processes = existsSync('/proc/self/stat') ? processesOfLinux() : processesByCommand();
  return processes
    .filter(({ parentPid, command }) => parentPid === parent && command.includes('bootstrap.mjs'))
    .map(({ pid }) => pid);
}

interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
}

function processesOfLinux(): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The name in brackets may hold anything; state and parent follow the last bracket.
        const [, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        return [{ pid: Number(name), parentPid: Number(parentPid), command }];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}

function processesByCommand(): RunningProcess[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => {
      const [pid, parentPid, ...command] = line.trim().split(/\s+/);
      return { pid: Number(pid), parentPid: Number(parentPid), command: command.join(' ') };
    });
}
