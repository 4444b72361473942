// Mutation testing: every statement of the pure core is changed, and some test has to notice. Each
// mutant that none notices stands, with the reason, in test/mutation/survivors.md.

export default {
  mutate: ['lib/{protocol,state,time}/**/*.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner'],
  coverageAnalysis: 'perTest',
  ignoreStatic: false,
  incremental: false,
  // Copies for the sandbox; node_modules is linked.
  ignorePatterns: ['**', '!lib/**/*.ts', '!test/**/*', '!tsconfig.json', '!package.json'],
  tempDirName: '.rivulet/mutation/sandbox',
  concurrency: 2,
  // Generous, because on a busy machine a slow run would pass for a mutant that hangs.
  timeoutMS: 5_000,
  timeoutFactor: 2,
  reporters: ['clear-text', 'progress', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: '.rivulet/mutation/report.json' },
  thresholds: { high: 95, low: 90, break: 90 },
};
