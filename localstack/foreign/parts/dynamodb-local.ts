// DynamoDB Local, laid out as LocalStack expects it, with a link to the JDK that runs it.

import { copyFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { machineEnvironment } from '../install/environment.ts';
import type { Part } from '../install/part.ts';
import { type Progress, runTool } from '../install/run-tool.ts';
import { FOREIGN, programPath } from '../places.ts';
import { findJdk, findMaven } from '../prerequisites/java.ts';

const directory = join(FOREIGN, 'dynamodb-local');
const sources = ['LoopbackServer.java', 'Libraries.java'].map((name) => programPath(name));

/** The JDK that it was installed with. */
export const JDK_LINK = join(directory, 'jdk');
/** Both names are LocalStack's. */
export const SERVER_JAR = join(directory, 'DynamoDBLocal.jar');
export const AGENT_JAR = join(directory, 'ddb-local-loader-0.1.jar');
export const LIBRARIES = join(directory, 'DynamoDBLocal_lib');

export const DYNAMODB_LOCAL: Part = {
  name: 'DynamoDB Local 2.6.1',
  directory,
  files: [programPath('pom.xml'), programPath('manifest.mf'), ...sources],
  proof: join(JDK_LINK, 'bin', 'java'),
  async prepare() {
    const environment = machineEnvironment();
    const jdk = await findJdk(environment);
    if ('missing' in jdk) return { missing: [jdk.missing] };
    const withJdk = { ...environment, JAVA_HOME: jdk.home };
    // Without a JDK it does not answer, wherever it is installed.
    const maven = await findMaven(withJdk);
    if ('missing' in maven) return { missing: [maven.missing] };
    return {
      async install(_directory, progress) {
        await fetchLibraries(maven.command, withJdk, progress);
        await buildServer(jdk.home, withJdk, progress);
        symlinkSync(jdk.home, JDK_LINK);
      },
    };
  },
};

async function fetchLibraries(
  command: string,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  const purpose = 'fetching DynamoDB Local with Maven (about 50 MB)';
  const args = [
    ...['--quiet', '--batch-mode', '--file', programPath('pom.xml')],
    'dependency:copy-dependencies',
    ...['-DincludeScope=runtime', `-DoutputDirectory=${LIBRARIES}`],
  ];
  await runTool({ purpose, command, args, directory, environment }, progress);
}

async function buildServer(
  jdkHome: string,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  const inFolder = { directory, environment };
  const compile = {
    purpose: 'compiling its start on 127.0.0.1 alone',
    command: join(jdkHome, 'bin', 'javac'),
    args: ['-cp', join(LIBRARIES, '*'), '-d', 'classes', ...sources],
  };
  await runTool({ ...inFolder, ...compile }, progress);
  const pack = {
    purpose: 'packing it',
    command: join(jdkHome, 'bin', 'jar'),
    args: ['cfm', SERVER_JAR, programPath('manifest.mf'), '-C', 'classes', '.'],
  };
  await runTool({ ...inFolder, ...pack }, progress);
  copyFileSync(SERVER_JAR, AGENT_JAR);
}
