import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CONTEXT, PROJECT } from '../support/synthesis.ts';

const folder = mkdtempSync(join(tmpdir(), 'rivulet-synth-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Loaded before the app: whoever opens a socket or asks for a name fails the synthesis.
const OFFLINE = `data:text/javascript,${encodeURIComponent(`
  import net from 'node:net';
  import dns from 'node:dns';
  const refuse = () => { throw new Error('synthesis used the network'); };
  net.Socket.prototype.connect = refuse;
  dns.lookup = refuse;
`)}`;

const APP = ['--conditions=rivulet-source', '--import', 'tsx', 'cdk/app.ts'];

/** Runs the app as the CLI does, without the CLI. */
function synthesise(
  name: string,
  { context = {}, env = {} }: { readonly context?: object; readonly env?: object } = {},
) {
  const out = join(folder, name);
  const { status, stderr } = spawnSync(process.execPath, ['--import', OFFLINE, ...APP], {
    cwd: PROJECT,
    env: {
      PATH: process.env['PATH'],
      CDK_OUTDIR: out,
      CDK_CONTEXT_JSON: JSON.stringify({ ...CONTEXT, ...context }),
      ...env,
    },
    encoding: 'utf8',
  });
  return { out, status, stderr };
}

const read = (...path: readonly string[]) => readFileSync(join(...path), 'utf8');

function filesOf(out: string): Readonly<Record<string, string>> {
  const names = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(names.map((name) => [name.slice(out.length), read(name)]));
}

const plain = synthesise('plain');

describe('synthesis of the example', () => {
  it('needs no network, no account and no bootstrapped environment', () => {
    expect(plain).toMatchObject({ status: 0 });
    expect(JSON.parse(read(plain.out, 'manifest.json')).missing).toBeUndefined();
    expect(read(plain.out, 'manifest.json')).toContain('aws://unknown-account/unknown-region');
  });

  it('gives the same bytes whatever the AWS settings of the caller are', () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.aws'), { recursive: true });
    const canary = 'canary-of-the-caller';
    writeFileSync(join(home, '.aws', 'config'), `[profile ${canary}]\nregion=${canary}\n`);
    writeFileSync(join(home, '.aws', 'credentials'), `[default]\naws_access_key_id=${canary}\n`);
    const hostile = synthesise('hostile', {
      env: {
        HOME: home,
        AWS_PROFILE: canary,
        AWS_REGION: canary,
        AWS_DEFAULT_REGION: canary,
        AWS_ACCESS_KEY_ID: canary,
        AWS_SECRET_ACCESS_KEY: canary,
        AWS_SESSION_TOKEN: canary,
        AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
        AWS_CONFIG_FILE: join(home, '.aws', 'config'),
      },
    });
    expect(filesOf(hostile.out)).toEqual(filesOf(plain.out));
    expect(JSON.stringify(filesOf(hostile.out))).not.toContain(canary);
  });

  it('writes no path of this machine into the template', () => {
    const template = read(plain.out, 'Rivulet-delays.template.json');
    expect(template).not.toContain(PROJECT);
    expect(template).not.toContain(folder);
    expect(template).not.toMatch(/\/(home|root|tmp|Users)\//);
  });

  it('gives the template that was reviewed', async () => {
    const template = read(plain.out, 'Rivulet-delays.template.json')
      .replaceAll(/\b[0-9a-f]{64}\b/g, '<asset>')
      .replaceAll(/"[0-9a-f]{16}"/g, '"<code>"')
      .replaceAll(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1<version>');
    await expect(template).toMatchFileSnapshot('golden/delays.template.json');
  });
});

describe('the app', () => {
  it('takes shard count, batching window and removal policy from the context', () => {
    const { out } = synthesise('context', {
      context: { shardCount: '5', batchingWindowSeconds: '2', removalPolicy: 'destroy' },
    });
    const template = read(out, 'Rivulet-delays.template.json');
    expect(template).toContain('"ShardCount": 5');
    expect(template).toContain('"MaximumBatchingWindowInSeconds": 2');
    expect(template).not.toContain('"Retain"');
  });

  const refusals: Readonly<Record<string, readonly [object, string]>> = {
    'a pipeline that does not exist': [
      { pipeline: 'nowhere' },
      'entry functions/pipelines/nowhere.ts does not exist: give the path of a module that says `export default pipeline(…)`\n',
    ],
    'a shard count that is no number': [
      { shardCount: 'many' },
      'shardCount is NaN: give a whole number of at least 1\n',
    ],
    'a negative batching window': [
      { batchingWindowSeconds: '-3' },
      "context 'batchingWindowSeconds' is '-3': give a whole number of seconds\n",
    ],
    'a removal policy of its own': [
      { removalPolicy: 'burn' },
      "context 'removalPolicy' is 'burn': say retain or destroy\n",
    ],
    'no pipeline at all': [
      { pipeline: '' },
      "context 'pipeline' is missing: run cdk where cdk.json is, or add -c pipeline=…\n",
    ],
  };
  it.each(Object.entries(refusals))(
    'refuses %s with a sentence alone',
    (_case, [context, said]) => {
      expect(synthesise('refused', { context })).toMatchObject({ status: 1, stderr: said });
    },
  );
});

it('the CLI of the project reads what the app writes', () => {
  const cli = join(PROJECT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, 'list', '--output', join(folder, 'cli')],
    { cwd: PROJECT, env: { PATH: process.env['PATH'], HOME: folder }, encoding: 'utf8' },
  );
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: 'Rivulet-delays\n',
    stderr: '',
  });
});
