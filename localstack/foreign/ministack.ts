// `npm run ministack`: brings up MiniStack and stays until Ctrl-C.

import { runCommand } from './command.ts';
import { startMiniStack } from './foreign-cloud.ts';

const USAGE = `Usage: npm run ministack -- [--port N] [--json]

Brings up MiniStack 1.5.33 on 127.0.0.1, until Ctrl-C. The first time it installs it into
.rivulet/foreign, for which it needs Python 3.10 or newer.

  --port N   listen on port N; 0 takes any free one (default 4566)
  --json     print one line of JSON when ready, and nothing else on standard output
  --help     print this
`;

process.exitCode = await runCommand(
  { product: 'MiniStack', usage: USAGE, switches: [], start: startMiniStack },
  process.argv.slice(2),
);
