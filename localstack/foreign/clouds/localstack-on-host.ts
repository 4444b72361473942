// LocalStack in the processes of this machine, as its makers develop it. It looks for what it needs
// below one root folder, and writes there, too; each run has a root of links to what is installed.

import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureInstalled } from '../install/part.ts';
import { DYNAMODB_LOCAL, JDK_LINK } from '../parts/dynamodb-local.ts';
import { KINESIS_LOCAL } from '../parts/kinesis-local.ts';
import { LOCALSTACK, pythonOf } from '../parts/python-parts.ts';
import { programPath, SANDBOX_PROGRAM } from '../places.ts';
import { environmentOf } from '../run/run-folder.ts';
import { answersOk, type Cloud, callJson } from './cloud.ts';

export const LOCALSTACK_ON_HOST: Cloud = {
  name: LOCALSTACK.name,
  install: (progress) => ensureInstalled([LOCALSTACK, KINESIS_LOCAL, DYNAMODB_LOCAL], progress),
  onHost: true,
  program: (folder, port) => ({
    command: pythonOf(LOCALSTACK),
    args: ['-B', programPath('localstack_host.py')],
    environment: environmentOf(folder, {
      FILESYSTEM_ROOT: rootOf(folder),
      LOCALSTACK_VOLUME_DIR: join(folder, 'volume'),
      GATEWAY_LISTEN: `127.0.0.1:${port}`,
      // In the containers of many CI systems it would take itself for its own image otherwise.
      OVERRIDE_IN_DOCKER: '0',
      DISABLE_EVENTS: '1',
      SKIP_SSL_CERT_DOWNLOAD: '1',
      DNS_ADDRESS: '0',
      DYNAMODB_IN_MEMORY: '1',
      KINESIS_LATENCY: '50',
      LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT: '90',
      // The cache of its plugins is worth a second of each start, and belongs to what is installed.
      XDG_CACHE_HOME: join(LOCALSTACK.directory, 'cache'),
      NODE_OPTIONS: `--require ${JSON.stringify(programPath('loopback.cjs'))}`,
      RIVULET_NODE: process.execPath,
      RIVULET_SANDBOX: SANDBOX_PROGRAM,
    }),
  }),
  async answers(endpoint, signal) {
    if (!(await answersOk(`${endpoint}/_localstack/health`, signal))) return false;
    const started = await Promise.all([
      callJson(endpoint, { service: 'dynamodb', target: 'DynamoDB_20120810.ListTables' }, signal),
      callJson(endpoint, { service: 'kinesis', target: 'Kinesis_20131202.ListStreams' }, signal),
    ]);
    return started.every((ok) => ok);
  },
};

function rootOf(folder: string): string {
  const root = join(folder, 'root');
  const libraries = join(root, 'usr', 'lib', 'localstack');
  // It asks for Java 21 by name and is content with 17; its layout on macOS is that of a bundle.
  const java = join(libraries, 'java', '21');
  link(process.platform === 'darwin' ? join(java, 'Contents', 'Home') : java, JDK_LINK);
  link(join(libraries, 'dynamodb-local', '2'), DYNAMODB_LOCAL.directory);
  link(join(libraries, 'kinesis-local', '0.5.2'), KINESIS_LOCAL.directory);
  return root;
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
