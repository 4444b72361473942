import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureInstalled, type Part } from '../../localstack/foreign/install/part.ts';
import { runTool } from '../../localstack/foreign/install/run-tool.ts';
import { treeOf } from '../../localstack/foreign/run/process-tree.ts';
import { aMachine, type Machine } from './fake-programs.ts';

let folder: string;
let lines: string[];
const say = (line: string) => void lines.push(line);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rivulet-installation-'));
  lines = [];
  writeFileSync(join(folder, 'versions.txt'), 'tool 1.0');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A part whose installation writes one file; `calls` counts them. */
function aPart(fail: () => boolean = () => false): { readonly part: Part; calls: number } {
  const directory = join(folder, 'tool');
  const counter = {
    calls: 0,
    part: {
      name: 'the tool',
      directory,
      files: [join(folder, 'versions.txt')],
      proof: join(directory, 'program'),
      prepare: async () => ({
        async install() {
          counter.calls += 1;
          expect(readdirSync(directory)).toEqual([]);
          writeFileSync(join(directory, 'program'), '');
          if (fail()) throw new Error('the network is gone');
        },
      }),
    } satisfies Part,
  };
  return counter;
}

describe('a part', () => {
  it('is installed once', async () => {
    const tool = aPart();
    await ensureInstalled([tool.part], { say });
    await ensureInstalled([tool.part], { say });
    expect(tool.calls).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^installed the tool in .*tool \(\d+ s\)$/)]);
  });

  it('is installed anew when other versions are asked for', async () => {
    const tool = aPart();
    await ensureInstalled([tool.part], { say });
    writeFileSync(join(folder, 'versions.txt'), 'tool 1.1');
    await ensureInstalled([tool.part], { say });
    expect(tool.calls).toBe(2);
  });

  it('is begun again when its installation was not finished', async () => {
    let failures = 1;
    const tool = aPart(() => failures-- > 0);
    await expect(ensureInstalled([tool.part], { say })).rejects.toThrow('the network is gone');
    await ensureInstalled([tool.part], { say });
    expect(tool.calls).toBe(2);
  });

  it('is installed anew when what it was linked to is gone', async () => {
    const tool = aPart();
    await ensureInstalled([tool.part], { say });
    rmSync(tool.part.proof);
    await ensureInstalled([tool.part], { say });
    expect(tool.calls).toBe(2);
  });

  it('is installed by one of those that want it at the same time', async () => {
    const tool = aPart();
    await Promise.all([1, 2, 3].map(() => ensureInstalled([tool.part], { say })));
    expect(tool.calls).toBe(1);
    expect(lines).toContain('waiting for another command that installs the tool …');
    expect(readdirSync(folder).sort()).toEqual(['tool', 'versions.txt']);
  });

  it('is installed in spite of the lock of a process that was killed', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(join(folder, 'tool.lock'), String(pid));
    const tool = aPart();
    await ensureInstalled([tool.part], { say });
    expect(tool.calls).toBe(1);
  });
});

it('all that is missing is said at once, before anything is installed', async () => {
  const tool = aPart();
  const lacking = (name: string, missing: readonly string[]): Part => ({
    ...tool.part,
    name,
    directory: join(folder, name),
    prepare: async () => ({ missing }),
  });
  const parts = [
    tool.part,
    lacking('One', ['needs a, get it']),
    lacking('Two', ['needs b', 'needs c']),
  ];
  await expect(ensureInstalled(parts, { say })).rejects.toThrow(
    'One needs a, get it\nTwo needs b\nTwo needs c',
  );
  expect(tool.calls).toBe(0);
});

describe('an installing command', () => {
  let machine: Machine;

  beforeEach(() => {
    machine = aMachine();
  });

  afterEach(() => machine.remove());

  const run = (script: string, signal?: AbortSignal) =>
    runTool(
      {
        purpose: 'fetching the tool',
        command: machine.program('bin/fetch', script),
        args: [],
        directory: machine.folder,
        environment: { PATH: '/usr/bin:/bin' },
      },
      { say, signal },
    );

  it('says what it does', async () => {
    await run('exit 0');
    expect(lines).toEqual(['fetching the tool …']);
  });

  it('that fails shows the end of what it wrote', async () => {
    const failure = await run(
      'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do echo "line $i."; done; exit 3',
    ).catch((error: Error) => error.message);
    expect(failure).toMatch(/^fetching the tool failed \(.*fetch ended with 3\):\n/);
    expect(failure).toContain('line 18.');
    expect(failure).not.toContain('line 3.');
  });

  it('that is not there says so', async () => {
    machine.program('bin/fetch', '');
    const tool = {
      purpose: 'fetching the tool',
      command: join(machine.folder, 'absent'),
      args: [],
      directory: machine.folder,
      environment: {},
    };
    await expect(runTool(tool, { say })).rejects.toThrow(/^fetching the tool failed: .*ENOENT/);
  });

  it('that is abandoned ends with its children', async () => {
    const abandoned = new AbortController();
    const running = run('sleep 600 & echo $! > child; sleep 600', abandoned.signal);
    const child = join(machine.folder, 'child');
    await expect.poll(() => existsSync(child) && readFileSync(child, 'utf8')).toMatch(/^\d+\n$/);
    abandoned.abort();
    await expect(running).rejects.toThrow('aborted');
    expect(treeOf(Number(readFileSync(child, 'utf8')))).toEqual([]);
  });
});
