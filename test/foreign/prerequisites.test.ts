import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideMode } from '../../localstack/foreign/prerequisites/docker.ts';
import { findJdk, findMaven } from '../../localstack/foreign/prerequisites/java.ts';
import { askProgram } from '../../localstack/foreign/prerequisites/probe.ts';
import { findPython } from '../../localstack/foreign/prerequisites/python.ts';
import { aMachine, type Machine } from './fake-programs.ts';

let machine: Machine;

beforeEach(() => {
  machine = aMachine();
});

afterEach(() => machine.remove());

describe('a Python', () => {
  const wanted = { minorMin: 12, preferred: [13, 12] };
  const find = () => findPython(wanted, machine.environment);
  const python = (path: string, minor: number) => machine.program(path, `echo "3 ${minor} $0"`);

  it('on the PATH is found', async () => {
    const path = python('bin/python3', 12);
    expect(await find()).toEqual({ path, minor: 12 });
  });

  it('is found among the installed versions when the shim on the PATH fails', async () => {
    machine.program('bin/python3', 'echo "pyenv: version 3.13 is not set" >&2; exit 127');
    python('home/.pyenv/versions/3.9.18/bin/python3', 9);
    const path = python('home/.pyenv/versions/3.13.0/bin/python3', 13);
    expect(await find()).toEqual({ path, minor: 13 });
  });

  it('is found among the installed versions when the shim on the PATH answers for another', async () => {
    machine.program('bin/python3', 'echo "2 7 $0"');
    python('bin/python', 11);
    const path = python('home/.asdf/installs/python/3.12.1/bin/python3', 12);
    expect(await find()).toEqual({ path, minor: 12 });
  });

  it('of a version that was tried goes before newer ones', async () => {
    python('bin/python3', 15);
    python('bin/python3.12', 12);
    const path = python('home/.local/share/uv/python/cpython-3.13/bin/python3', 13);
    expect(await find()).toEqual({ path, minor: 13 });
  });

  it('newer than all that were tried is taken when there is no other', async () => {
    const path = python('bin/python3', 15);
    expect(await find()).toEqual({ path, minor: 15 });
  });

  it('that cannot make environments is none', async () => {
    machine.program('bin/python3', 'echo "ModuleNotFoundError: ensurepip" >&2; exit 1');
    expect(await find()).toEqual({ missing: expect.stringContaining('none answers here') });
  });

  it('that is too old is named in the sentence that says what to install', async () => {
    python('bin/python3', 11);
    const { missing } = (await find()) as { missing: string };
    expect(missing).toMatch(/^needs Python 3\.12 or newer .* only 3\.11 answers here/);
    expect(missing).toContain("'pyenv install 3.13'");
  });
});

describe('a JDK', () => {
  const find = () => findJdk(machine.environment, [join(machine.folder, 'jvm')]);
  const jdk = (home: string, version: string) => {
    machine.program(`${home}/bin/java`, '');
    machine.program(`${home}/bin/jar`, '');
    return machine.program(`${home}/bin/javac`, `echo "javac ${version}"`);
  };

  it('is found behind the link on the PATH', async () => {
    const javac = jdk('opt/jdk', '21.0.2');
    mkdirSync(join(machine.folder, 'bin'));
    symlinkSync(javac, join(machine.folder, 'bin', 'javac'));
    expect(await find()).toEqual({ home: join(machine.folder, 'opt', 'jdk') });
  });

  it('named by JAVA_HOME goes before others', async () => {
    jdk('jvm/other', '21.0.2');
    jdk('mine', '17.0.9');
    machine.environment['JAVA_HOME'] = join(machine.folder, 'mine');
    expect(await find()).toEqual({ home: join(machine.folder, 'mine') });
  });

  it('is found where the system installs them', async () => {
    machine.program('jvm/java-21-runtime/bin/java', '');
    jdk('jvm/java-17', '17.0.9');
    expect(await find()).toEqual({ home: join(machine.folder, 'jvm', 'java-17') });
  });

  it('that is too old is named in the sentence that says what to install', async () => {
    jdk('jvm/java-8', '1.8.0_392');
    jdk('jvm/java-11', '11.0.2');
    expect(await find()).toEqual({
      missing: expect.stringMatching(/^needs a JDK 17 or newer .* only 11, 8 was found: .*apt/),
    });
  });
});

describe('Maven', () => {
  const find = () => findMaven(machine.environment);

  it('is found on the PATH', async () => {
    machine.program('bin/mvn', 'echo "Apache Maven 3.9.6"');
    expect(await find()).toEqual({ command: 'mvn' });
  });

  it('that fails is missing, with a way to get it', async () => {
    machine.program('bin/mvn', 'echo "Apache Maven cannot find Java"; exit 1');
    expect(await find()).toEqual({ missing: expect.stringMatching(/^needs Maven .*apt install/) });
  });
});

describe('LocalStack runs', () => {
  const decide = (...switches: string[]) => decideMode(new Set(switches), machine.environment);
  const docker = (info: string, compose: string) =>
    machine.program('bin/docker', `if [ $1 = info ]; then ${info}; else ${compose}; fi`);

  it('in Docker when its daemon answers', async () => {
    docker('echo 27.1', 'echo v2');
    expect(await decide()).toBe('docker');
  });

  it('on the host when there is no Docker', async () => {
    expect(await decide()).toBe('host');
  });

  it('on the host when the daemon does not answer', async () => {
    docker('echo "Cannot connect to the Docker daemon" >&2; exit 1', 'echo v2');
    expect(await decide()).toBe('host');
  });

  it('on the host when Docker has no compose', async () => {
    docker('echo 27.1', 'exit 1');
    expect(await decide()).toBe('host');
  });

  it('on the host when that was asked for', async () => {
    docker('echo 27.1', 'echo v2');
    expect(await decide('host')).toBe('host');
  });

  it('not at all when Docker was asked for and does not answer', async () => {
    docker('exit 1', 'echo v2');
    await expect(decide('docker')).rejects.toThrow(/no Docker daemon answers .* start Docker, or/);
  });
});

it('a program that hangs is given up', async () => {
  const path = machine.program('bin/hangs', 'while :; do :; done');
  expect(await askProgram(path, [], { environment: {}, withinMs: 200 })).toBe(null);
});
