import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';
import { formatReport } from './scenarios/report.ts';

const PROGRAM = join(import.meta.dirname, 'run.ts');
const ACCOUNT = ['--profile', 'someone', '--account', '123456789012'];

const folder = mkdtempSync(join(tmpdir(), 'rivulet-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command with nothing but what a test gives it. */
function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=rivulet-source', '--import', 'tsx', PROGRAM, ...args],
    { encoding: 'utf8', env: { HOME: folder, ...environment } },
  );
  return { status, stdout, stderr };
}

describe('options', () => {
  it('name no account by default', () => {
    expect(parseOptions([])).toEqual({ account: null, json: false, help: false });
  });

  it('name an account by its profile and its number', () => {
    expect(parseOptions([...ACCOUNT, '--region', 'eu-west-1', '--yes', '--json'])).toEqual({
      account: {
        profile: 'someone',
        account: '123456789012',
        region: 'eu-west-1',
        agreed: true,
      },
      json: true,
      help: false,
    });
  });

  it.each([
    [['--profil', 'x'], "'--profil'"],
    [['--profile', 'x'], '--account together with --profile'],
    [['--account', '123456789012'], '--profile together with --account'],
    [['--profile', '', '--account', '123456789012'], '--profile'],
    [['--profile', 'x', '--account', '12345'], 'twelve digits'],
    [['--yes'], 'belong to a real account'],
    [['--region', 'eu-west-1'], 'belong to a real account'],
    [['everywhere'], 'everywhere'],
  ])('%j is refused with a sentence', (args, part) => {
    expect(parseOptions(args)).toContain(part);
  });
});

describe('npm run test:integration', () => {
  it('shows what an account would pay and refuses without the word', () => {
    const { status, stdout, stderr } = run(ACCOUNT);
    expect(status).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/at most about \d+ US cents/);
    expect(stderr).toContain('shard hours');
    expect(stderr).toContain('aws.amazon.com/kinesis');
    expect(stderr).toContain('refused: say --yes to run in account 123456789012');
  });

  it('takes credentials from the profile alone, whatever the environment holds', () => {
    const { status, stderr } = run([...ACCOUNT, '--region', 'eu-west-1', '--yes'], {
      AWS_ACCESS_KEY_ID: 'of somebody else',
      AWS_SECRET_ACCESS_KEY: 'of somebody else',
      AWS_PROFILE: 'other',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('profile someone cannot be used');
  });

  it.each([
    ['http://127.0.0.1:1', 'nothing answers at http://127.0.0.1:1'],
    ['localhost:4566', 'give an address such as http://127.0.0.1:4566'],
  ])('says so where nothing can run at %s', (endpoint, part) => {
    const { status, stdout, stderr } = run([], { AWS_ENDPOINT_URL: endpoint });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(part);
  });

  it('takes an endpoint or an account, not both', () => {
    const { status, stderr } = run(ACCOUNT, { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' });
    expect(status).toBe(2);
    expect(stderr).toContain('AWS_ENDPOINT_URL names http://127.0.0.1:4566');
  });

  it('ends with 2 for a wrong option, with usage', () => {
    const { status, stderr } = run(['--profile', 'someone']);
    expect(status).toBe(2);
    expect(stderr).toContain('usage: npm run test:integration');
  });
});

it('the report has a line for each scenario, with the reason why one was skipped', () => {
  const text = formatReport({
    target: 'somewhere',
    promised: 2,
    seconds: 12.4,
    left: ['a bucket'],
    scenarios: [
      { scenario: 'one', outcome: 'passed', reason: '', seconds: 1.25 },
      { scenario: 'another', outcome: 'skipped', reason: 'it cannot', seconds: 0 },
    ],
  });
  expect(text.split('\n')).toEqual([
    'scenarios on somewhere',
    'one       passed      1.3 s',
    'another   skipped     0.0 s  it cannot',
    'left behind: a bucket',
    '1 passed, 1 skipped, 0 failed in 12 s',
  ]);
});
