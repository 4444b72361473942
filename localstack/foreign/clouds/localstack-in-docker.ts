// LocalStack as its makers publish it, by `docker compose`, with a project of its own for each port.

import { machineEnvironment } from '../install/environment.ts';
import { runTool } from '../install/run-tool.ts';
import { COMPOSE_FILE } from '../places.ts';
import { askProgram } from '../prerequisites/probe.ts';
import { answersOk, type Cloud } from './cloud.ts';

const IMAGE = 'localstack/localstack:4.14.0';

export const LOCALSTACK_IN_DOCKER: Cloud = {
  name: 'LocalStack 4.14.0 in Docker',
  // The daemon listens, as compose.yaml tells it to.
  onHost: false,
  async install(progress) {
    const environment = machineEnvironment();
    if ((await askProgram('docker', ['image', 'inspect', IMAGE], { environment })) !== null) return;
    const purpose = `fetching ${IMAGE} (about 1 GB)`;
    const args = ['pull', '--quiet', IMAGE];
    await runTool(
      { purpose, command: 'docker', args, directory: process.cwd(), environment },
      progress,
    );
  },
  program(folder, port) {
    // Docker's own settings, such as the address of its daemon, are the machine's.
    const environment = { ...machineEnvironment(), RIVULET_LOCALSTACK_PORT: String(port) };
    const compose = ['compose', '--file', COMPOSE_FILE];
    const project = ['--project-name', `rivulet-localstack-${port}`];
    return {
      command: 'docker',
      args: [...compose, ...project, 'up', '--no-color'],
      environment,
      leave: () =>
        runTool(
          {
            purpose: 'ending the containers',
            command: 'docker',
            args: [...compose, ...project, 'down', '--volumes', '--remove-orphans'],
            directory: folder,
            environment,
          },
          { say: () => undefined },
        ),
    };
  },
  answers: (endpoint, signal) => answersOk(`${endpoint}/_localstack/health`, signal),
};
