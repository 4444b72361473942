// Runs the conformance suite on an endpoint, in a process of its own, and reads what became of each
// rule. A rule is the name of a test; tests that are run over several HTTP handlers are one rule.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SERVICE_NAMES, SERVICES, type Service } from './clouds.ts';

/** What became of one test. */
export interface Outcome {
  readonly service: Service;
  readonly rule: string;
  /** The HTTP handler of the client, where the suite runs over several. */
  readonly handler: string | null;
  /** The message of the failure; `null` when the rule holds. */
  readonly failure: string | null;
}

const PROJECT = join(import.meta.dirname, '..', '..');
const VITEST = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
);

/** Longer than any poll of the suite takes to fail, on a busy machine too. */
const TEST_TIMEOUT_MS = 90_000;

export async function runSuite(
  services: readonly Service[],
  { endpoint, signal }: { readonly endpoint: string; readonly signal: AbortSignal },
): Promise<readonly Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-differences-'));
  const report = join(folder, 'report.json');
  try {
    const files = services.flatMap((service) =>
      SERVICES[service].map((file) => `test/conformance/${file}`),
    );
    const suite = spawn(
      process.execPath,
      [
        ...[VITEST, 'run', '--mode', 'endpoint', ...files],
        ...['--reporter', 'json', '--outputFile', report],
        ...['--testTimeout', String(TEST_TIMEOUT_MS)],
      ],
      {
        cwd: PROJECT,
        env: { ...process.env, AWS_ENDPOINT_URL: endpoint },
        stdio: ['ignore', 'ignore', 'pipe'],
        signal,
      },
    );
    let complaints = '';
    suite.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    await once(suite, 'close');
    if (!existsSync(report)) throw new Error(`the suite ended without a report: ${complaints}`);
    return parseReport(readFileSync(report, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** The outcomes in a report of vitest; a run in which a test did not run says nothing. */
export function parseReport(text: string): readonly Outcome[] {
  const { testResults } = JSON.parse(text) as Report;
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const service = serviceOf(name);
    if (assertionResults.length === 0) throw new Error(`the tests of ${service}: ${message}`);
    return assertionResults.map(({ ancestorTitles, title, status, failureMessages }) => {
      if (status !== 'passed' && status !== 'failed') {
        throw new Error(
          `the tests of ${service} did not run to their end: "${title}" is ${status}`,
        );
      }
      const handler = /over the (.+) handler$/.exec(ancestorTitles[0] ?? '')?.[1] ?? null;
      const failure = status === 'failed' ? (failureMessages[0] ?? 'failed') : null;
      return { service, rule: title, handler, failure };
    });
  });
}

function serviceOf(file: string): Service {
  const service = SERVICE_NAMES.find((name) =>
    SERVICES[name].some((known) => known === basename(file)),
  );
  if (service !== undefined) return service;
  throw new Error(`no service of ${file}`);
}
