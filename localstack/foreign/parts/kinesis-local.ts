// The Kinesis that LocalStack starts.

import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { machineEnvironment } from '../install/environment.ts';
import type { Part } from '../install/part.ts';
import { runTool } from '../install/run-tool.ts';
import { FOREIGN, programPath } from '../places.ts';

const directory = join(FOREIGN, 'kinesis-local');
const files = ['package.json', 'package-lock.json'].map((name) =>
  programPath('kinesis-local', name),
);
const NPM_ARGS = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

export const KINESIS_LOCAL: Part = {
  name: 'kinesis-local 0.5.2',
  directory,
  files,
  proof: join(directory, 'node_modules', 'kinesis-local', 'main.js'),
  prepare: async () => ({
    async install(_directory, progress) {
      for (const path of files) copyFileSync(path, join(directory, basename(path)));
      // Inside an npm script npm names its own program, which need not be on the PATH.
      const npm = process.env['npm_execpath'];
      const command = npm === undefined ? 'npm' : process.execPath;
      const args = npm === undefined ? NPM_ARGS : [npm, ...NPM_ARGS];
      const purpose = 'installing kinesis-local with npm (about 10 MB)';
      const environment = machineEnvironment();
      await runTool({ purpose, command, args, directory, environment }, progress);
    },
  }),
};
