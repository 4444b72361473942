import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';
import { cleanEnvironment } from './environment.ts';

/** What a suite against a given endpoint (`--mode endpoint`) may know of its caller. */
const ENDPOINT_VARIABLES = [
  'AWS_ENDPOINT_URL',
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
];

/** Prints `N passed, N failed` as the very last line; a file that cannot be loaded counts as failed. */
const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors) {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        if (state === 'failed') failed += 1;
      }
    }
    process.once('exit', () => process.stdout.write(`\n${passed} passed, ${failed} failed\n`));
  },
};

export default defineConfig(({ mode }) => {
  const isEndpoint = mode === 'endpoint';
  cleanEnvironment(isEndpoint ? ENDPOINT_VARIABLES : []);
  if (!isEndpoint) delete process.env['RIVULET_SCENARIOS_ACCOUNT'];
  return {
    resolve: { conditions: ['rivulet-source'] },
    ssr: { resolve: { conditions: ['rivulet-source'] } },
    test: {
      include: ['test/**/*.test.ts'],
      pool: 'forks',
      // Files mostly wait for processes of their own: on a small machine one at a time would take twice as long.
      maxWorkers: Math.max(2, availableParallelism() - 1),
      // Against what hangs, never a measure of speed: the simulation beside them takes both cores.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      // What other processes do is waited for, never slept for.
      expect: { poll: { timeout: 60_000, interval: 200 } },
      reporters: ['default', closingLine],
    },
  };
});
