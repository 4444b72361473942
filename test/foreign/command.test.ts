import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { killTree, treeOf } from '../../localstack/foreign/run/process-tree.ts';
import { aMachine } from './fake-programs.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const SMALL = 'test/foreign/fixtures/small-cloud.ts';
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const { pid } of children.splice(0)) if (pid !== undefined) await killTree(pid);
});

/** Starts a program of the project as its npm script does. */
function run(program: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const child = spawn(
    process.execPath,
    ['--conditions=rivulet-source', '--import', 'tsx', join(PROJECT, program), ...args],
    {
      cwd: PROJECT,
      env: { ...process.env, AWS_PROFILE: 'mine', NO_COLOR: '1', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  children.push(child);
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => {
      written[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code]) => ({ code, ...written }));
  return { child, written, ended };
}

/** The small cloud, once it is up, and what it shows of itself. */
async function startSmall() {
  const command = run(SMALL, ['--port', '0', '--json']);
  await expect.poll(() => command.written.stdout).toContain('\n');
  const ready = JSON.parse(command.written.stdout) as { readonly endpoint: string };
  const shown = (await (await fetch(ready.endpoint)).json()) as {
    readonly pids: readonly number[];
    readonly folder: string;
    readonly variables: Readonly<Record<string, string>>;
  };
  return { ...command, ready, shown };
}

const alive = (pids: readonly number[]) => pids.flatMap(treeOf);

describe('a command that brings a cloud up', () => {
  it('prints one line of JSON when it is ready, and what a person reads elsewhere', async () => {
    const { child, written, ready, ended } = await startSmall();
    expect(ready).toEqual({
      ready: true,
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      region: 'us-east-1',
      accountId: '000000000000',
    });
    expect(written.stderr).toMatch(/^starting Small …\nSmall is up after .* s\n$/);
    child.kill('SIGINT');
    expect((await ended).stdout).toBe(`${JSON.stringify(ready)}\n`);
  });

  it('says how to use it', async () => {
    const { child, written, ended } = run(SMALL, ['--port', '0']);
    await expect.poll(() => written.stdout).toContain('cdk deploy');
    const [, endpoint] = /Small is up at (\S+)/.exec(written.stdout) ?? [];
    expect(written.stdout).toContain(
      `  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=us-east-1\n`,
    );
    expect(written.stdout).toContain('  npx cdk bootstrap aws://000000000000/us-east-1\n');
    child.kill('SIGINT');
    expect((await ended).stderr).toBe('');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends all of it on %s', async (signal) => {
    const { child, shown, ended } = await startSmall();
    expect(alive(shown.pids)).toEqual([...shown.pids, shown.pids[1]]);
    expect(existsSync(shown.folder)).toBe(true);
    child.kill(signal);
    expect((await ended).code).toBe(0);
    expect(alive(shown.pids)).toEqual([]);
    expect(existsSync(shown.folder)).toBe(false);
  });

  it('ends all of it on Ctrl-C while it starts', async () => {
    const { child, written, ended } = run(SMALL, ['--port', '0', '--mute']);
    const isStarted = () => treeOf(child.pid!).length >= 3;
    await expect.poll(() => written.stdout.includes('starting') && isStarted()).toBe(true);
    const pids = treeOf(child.pid!);
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
    expect(alive(pids)).toEqual([]);
  });

  it('shows its program nothing of this machine', async () => {
    const { shown } = await startSmall();
    const { HOME, PATH, TMPDIR, ...others } = shown.variables;
    expect(others).toEqual({ LANG: 'en_US.UTF-8', SMALL: 'yes', TZ: 'UTC' });
    expect(HOME).toBe(join(shown.folder, 'home'));
    expect(TMPDIR).toBe(join(shown.folder, 'tmp'));
    expect(PATH?.split(':')[0]).toBe(join(shown.folder, 'bin'));
  });

  it('ends with the last words of a cloud that dies', async () => {
    const { ready, shown, ended } = await startSmall();
    await fetch(`${ready.endpoint}/end`).catch(() => undefined);
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toContain(
      'Small ended by itself (exit code 4); the end of its log:\nout of memory',
    );
    expect(existsSync(shown.folder)).toBe(false);
  });

  it('ends with the last words of a cloud that does not come up', async () => {
    const { code, stderr } = await run(SMALL, ['--port', '0', '--fails']).ended;
    expect(code).toBe(1);
    expect(stderr).toBe('Small ended by itself (exit code 3); the end of its log:\nno memory\n');
  });

  it('stops a cloud that others in the network can reach', async () => {
    const { child, ended } = run(SMALL, ['--port', '0', '--exposed']);
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Small listens on 0\.0\.0\.0:\d+, where others .* it was stopped/);
    expect(treeOf(child.pid!)).toEqual([]);
  });
});

describe.each(['localstack', 'ministack'])('npm run %s', (name) => {
  const program = `localstack/foreign/${name}.ts`;

  it('prints its usage', async () => {
    expect(await run(program, ['--help']).ended).toEqual({
      code: 0,
      stdout: expect.stringContaining(`Usage: npm run ${name} -- [--port N]`),
      stderr: '',
    });
  });

  it.each([
    [['--port', 'x'], "--port takes a number from 0 to 65535, not 'x'\n"],
    [['--port', '65536'], "--port takes a number from 0 to 65535, not '65536'\n"],
    [['--data', 'x'], "Unknown option '--data'"],
    [['x'], "Unexpected argument 'x'"],
  ])('refuses %j with exit code 2', async (args, sentence) => {
    const { code, stdout, stderr } = await run(program, args).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(sentence);
  });

  it('says that a port is taken before it installs anything', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const switches = name === 'localstack' ? ['--host'] : [];
    const { code, stdout, stderr } = await run(program, ['--port', String(port), ...switches])
      .ended;
    server.close();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `port ${port} of 127.0.0.1 is taken: end what listens there or choose another with --port\n`,
    );
  });
});

it('npm run localstack refuses --host and --docker together', async () => {
  const { code, stderr } = await run('localstack/foreign/localstack.ts', ['--host', '--docker'])
    .ended;
  expect(code).toBe(2);
  expect(stderr).toBe('--host and --docker exclude each other: give one of them or none\n');
});

it('npm run localstack brings up and ends its containers when Docker answers', async () => {
  const machine = aMachine();
  const server = `require('http').createServer((request, response) => response.end(request.url))
    .listen(process.env.RIVULET_LOCALSTACK_PORT, '127.0.0.1')`;
  machine.program(
    'bin/docker',
    `echo "$@" >> '${machine.folder}/calls'
     case "$*" in *" up "*) exec '${process.execPath}' --eval "${server}";; esac`,
  );
  const PATH = [machine.environment['PATH'], process.env['PATH']].join(':');
  const command = run('localstack/foreign/localstack.ts', ['--port', '0', '--json'], { PATH });
  await expect.poll(() => command.written.stdout).toContain('\n');
  const port = new URL(JSON.parse(command.written.stdout).endpoint).port;
  command.child.kill('SIGINT');
  expect((await command.ended).code).toBe(0);
  const compose = `compose --file ${join(PROJECT, 'localstack', 'compose.yaml')} --project-name rivulet-localstack-${port}`;
  expect(readFileSync(join(machine.folder, 'calls'), 'utf8').trim().split('\n')).toEqual([
    'info --format {{.ServerVersion}}',
    'compose version',
    'image inspect localstack/localstack:4.14.0',
    `${compose} up --no-color`,
    `${compose} down --volumes --remove-orphans`,
  ]);
  machine.remove();
});
