import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { programPath } from '../../localstack/foreign/places.ts';
import { exposedListeners } from '../../localstack/foreign/run/loopback.ts';
import { killTree, treeOf } from '../../localstack/foreign/run/process-tree.ts';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) if (child.pid !== undefined) await killTree(child.pid);
});

/** Runs the program until it prints a line. */
async function start(
  program: string,
  args: readonly string[] = [],
): Promise<{ readonly pid: number; readonly line: string }> {
  const child = spawn(process.execPath, [...args, '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await once(child.stdout!.setEncoding('utf8'), 'data');
  return { pid: child.pid!, line: String(line).trim() };
}

const listening = (...target: readonly unknown[]) =>
  `const server = require('net').createServer();
   server.listen(...${JSON.stringify(target)}, () => console.log(server.address().port));`;

describe('a process that listens', () => {
  it.each(['127.0.0.1', '127.0.0.2', '::1', '::ffff:127.0.0.1'])(
    'on %s is reached by none',
    async (host) => {
      const { pid } = await start(listening(0, host));
      expect(exposedListeners(treeOf(pid))).toEqual([]);
    },
  );

  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['::', '[::]'],
  ])('on %s is reached by all', async (host, shown) => {
    const { pid, line } = await start(listening(0, host));
    expect(exposedListeners(treeOf(pid))).toEqual([`${shown}:${line}`]);
  });

  it('is found behind the process that started it', async () => {
    const program = listening(0, '0.0.0.0');
    const { pid, line } = await start(
      `require('child_process').spawn(process.execPath, ['--eval', ${JSON.stringify(program)}],
         { stdio: 'inherit', detached: true });`,
    );
    expect(exposedListeners([pid])).toEqual([]);
    expect(exposedListeners(treeOf(pid))).toEqual([`0.0.0.0:${line}`]);
  });
});

describe('a node that is told to stay on 127.0.0.1', () => {
  const preload = ['--require', programPath('loopback.cjs')];

  it.each([
    ['a port', [0]],
    ['a port as text', ['0']],
    ['a port and a host', [0, '0.0.0.0']],
    ['a port and a backlog', [0, 5]],
    ['options', [{ port: 0 }]],
    ['options with a host', [{ port: 0, host: '::' }]],
  ])('listens there when it is given %s', async (_what, target) => {
    const { pid, line } = await start(listening(...target), preload);
    expect(exposedListeners(treeOf(pid))).toEqual([]);
    const socket = connect(Number(line), '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });

  it('ends when the process that started it is gone', async () => {
    const program = "require('net').createServer().listen(0, () => console.log(process.pid));";
    const { pid, line } = await start(
      `require('child_process').spawn(process.execPath,
         ${JSON.stringify([...preload, '--eval', program])}, { stdio: 'inherit', detached: true });`,
    );
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => treeOf(Number(line))).toEqual([]);
  });
});

it('a process is killed with children that are in sessions of their own and ignore polite signals', async () => {
  const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log(process.pid);`;
  const { pid, line } = await start(
    `require('child_process').spawn(process.execPath, ['--eval', ${JSON.stringify(stubborn)}],
       { stdio: 'inherit', detached: true });`,
  );
  expect(treeOf(pid)).toEqual([pid, Number(line)]);
  await killTree(pid);
  expect([...treeOf(pid), ...treeOf(Number(line))]).toEqual([]);
});
