// `npm run test:integration`: the scenarios on the embedded cloud, on any endpoint, or in a real account,
// which is only ever used when it was named and agreed to.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { formatCost } from './cost.ts';
import { type AccountOptions, parseOptions, USAGE } from './options.ts';
import type { Access } from './scenarios/clients.ts';
import { formatReport, REPORT_VARIABLE, type SuiteReport } from './scenarios/report.ts';
import { createSignedCalls } from './scenarios/signed-calls.ts';
import { ACCOUNT_VARIABLE } from './scenarios/target.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const VITEST = join(PROJECT, 'node_modules', 'vitest', 'vitest.mjs');
const FAILED = 1;
const WRONG_USAGE = 2;
const REFUSED = 4;
const ANSWER_WITHIN_MS = 10_000;
/** Where a profile may stand; everything else of the environment is ignored for an account. */
const PROFILE_FILES = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'];

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${USAGE}`);
    return WRONG_USAGE;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { account, json } = options;
  const { AWS_ENDPOINT_URL: endpoint } = process.env;
  if (account === null) {
    const silence = endpoint === undefined ? null : await silenceOf(endpoint);
    // Only what was named and agreed to here may reach an account.
    const { [ACCOUNT_VARIABLE]: _unasked, ...environment } = process.env;
    if (silence === null) return runScenarios(environment, json);
    process.stderr.write(`${silence}\n`);
    return FAILED;
  }
  if (endpoint !== undefined) {
    process.stderr.write(
      `--profile is for a real account, but AWS_ENDPOINT_URL names ${endpoint}: unset one of them\n`,
    );
    return WRONG_USAGE;
  }
  process.stderr.write(`${formatCost()}\n`);
  if (!account.agreed) {
    return refuse(`say --yes to run in account ${account.account} for that`);
  }
  try {
    return await runInAccount(account, json);
  } catch (error) {
    const { message } = error as Error;
    process.stderr.write(
      `profile ${account.profile} cannot be used: ${message}; is it among your profiles, with credentials and a region?\n`,
    );
    return FAILED;
  }
}

async function runInAccount(options: AccountOptions, json: boolean): Promise<number> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/i.test(name)),
  );
  const access = await accessOf(options);
  const { Account: found } = await createSignedCalls(access).query('sts', 'GetCallerIdentity');
  if (found !== options.account) {
    return refuse(
      `profile ${options.profile} is of account ${found}, not of ${options.account}: nothing was made`,
    );
  }
  const { accessKeyId, secretAccessKey, sessionToken } = access.credentials;
  return runScenarios(
    {
      ...environment,
      [ACCOUNT_VARIABLE]: options.account,
      AWS_REGION: access.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    },
    json,
  );
}

/** Why nothing can run at an endpoint; `null` when something answers there. */
async function silenceOf(endpoint: string): Promise<string | null> {
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    return `AWS_ENDPOINT_URL is '${endpoint}': give an address such as http://127.0.0.1:4566, or unset it`;
  }
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return null;
  } catch {
    return `nothing answers at ${endpoint}: start the cloud there, or unset AWS_ENDPOINT_URL`;
  }
}

/** Region and credentials of a profile, as the SDK finds them; never those of the machine. */
async function accessOf({ profile, region }: AccountOptions): Promise<Access> {
  for (const name of Object.keys(process.env)) {
    if (/^AWS_/i.test(name) && !PROFILE_FILES.includes(name)) delete process.env[name];
  }
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const { config } = new LambdaClient({ profile, ...(region !== null && { region }) });
  return {
    endpoint: null,
    region: await config.region(),
    credentials: await config.credentials(),
  };
}

/** Runs the suite in a process of its own, and shows what became of it. */
async function runScenarios(environment: NodeJS.ProcessEnv, json: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-report-'));
  const path = join(folder, 'report.json');
  try {
    const suite = ['run', '--mode', 'endpoint', 'test/integration/scenarios'];
    const child = spawn(process.execPath, [VITEST, ...suite], {
      cwd: PROJECT,
      env: { ...environment, [REPORT_VARIABLE]: path },
      stdio: ['ignore', json ? process.stderr : 'inherit', 'inherit'],
    });
    const [code] = await once(child, 'close');
    if (!existsSync(path)) {
      process.stderr.write(
        'there is no report, what stopped the run is written above; in an account look for stacks Rivulet-r…\n',
      );
      return FAILED;
    }
    const report = JSON.parse(readFileSync(path, 'utf8')) as SuiteReport;
    process.stdout.write(`${json ? JSON.stringify(report) : formatReport(report)}\n`);
    return code === 0 ? 0 : FAILED;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function refuse(sentence: string): number {
  process.stderr.write(`refused: ${sentence}\n`);
  return REFUSED;
}
