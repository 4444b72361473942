// `npm run localstack`: brings up LocalStack, in Docker when a daemon answers, and stays until Ctrl-C.

import { runCommand, WrongUsage } from './command.ts';
import { startLocalStack, startLocalStackInDocker } from './foreign-cloud.ts';
import { decideMode } from './prerequisites/docker.ts';

const USAGE = `Usage: npm run localstack -- [--port N] [--host | --docker] [--json]

Brings up LocalStack 4.14.0 on 127.0.0.1, until Ctrl-C: in Docker when a daemon answers, else in
processes of this machine. The first time these are installed into .rivulet/foreign, for which it
needs Python 3.12 or newer, a JDK 17 or newer and Maven.

  --port N   listen on port N; 0 takes any free one (default 4566)
  --host     without Docker, even when a daemon answers
  --docker   with Docker, or not at all
  --json     print one line of JSON when ready, and nothing else on standard output
  --help     print this
`;

process.exitCode = await runCommand(
  {
    product: 'LocalStack',
    usage: USAGE,
    switches: ['host', 'docker'],
    async start(options, switches) {
      if (switches.has('host') && switches.has('docker')) {
        throw new WrongUsage('--host and --docker exclude each other: give one of them or none');
      }
      const mode = await decideMode(switches, process.env);
      return mode === 'docker' ? startLocalStackInDocker(options) : startLocalStack(options);
    },
  },
  process.argv.slice(2),
);
