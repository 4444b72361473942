import { join } from 'node:path';
import { ensureInstalled } from '../install/part.ts';
import { MINISTACK, pythonOf } from '../parts/python-parts.ts';
import { programPath } from '../places.ts';
import { environmentOf } from '../run/run-folder.ts';
import { answersOk, type Cloud } from './cloud.ts';

export const MINISTACK_ON_HOST: Cloud = {
  name: MINISTACK.name,
  install: (progress) => ensureInstalled([MINISTACK], progress),
  onHost: true,
  program: (folder, port) => ({
    command: pythonOf(MINISTACK),
    args: ['-B', programPath('ministack_host.py')],
    environment: environmentOf(folder, {
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      LAMBDA_EXECUTOR: 'local',
      S3_DATA_DIR: join(folder, 'objects'),
      STATE_DIR: join(folder, 'state'),
    }),
  }),
  answers: (endpoint, signal) => answersOk(`${endpoint}/_ministack/health`, signal),
};
