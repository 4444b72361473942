import { join } from 'node:path';
import { ensureInstalled } from '../install/part.ts';
import {
  AGENT_JAR,
  DYNAMODB_LOCAL,
  JDK_LINK,
  LIBRARIES,
  SERVER_JAR,
} from '../parts/dynamodb-local.ts';
import { environmentOf } from '../run/run-folder.ts';
import { type Cloud, callJson } from './cloud.ts';

export const DYNAMODB_LOCAL_ALONE: Cloud = {
  name: DYNAMODB_LOCAL.name,
  install: (progress) => ensureInstalled([DYNAMODB_LOCAL], progress),
  onHost: true,
  program: (folder, port) => ({
    command: join(JDK_LINK, 'bin', 'java'),
    args: [
      '-Xmx512m',
      `-javaagent:${AGENT_JAR}`,
      `-Djava.library.path=${LIBRARIES}`,
      ...['-jar', SERVER_JAR],
      ...['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)],
    ],
    environment: environmentOf(folder, { DDB_LOCAL_TELEMETRY: '0' }),
  }),
  answers: (endpoint, signal) =>
    callJson(endpoint, { service: 'dynamodb', target: 'DynamoDB_20120810.ListTables' }, signal),
};
