// `npm run example:words`: a client of a socket, as Spark's socketTextStream is. The lines that it gets go
// into the stream of a pipeline that counts words in batches of two seconds.

import { createConnection, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { cleanEnvironment } from '../../environment.ts';
import { readAhead } from './read-ahead.ts';
import { startExample } from './running-example.ts';

const USAGE = `Usage: npm run example:words -- [HOST] [PORT]

Counts the words of lines from a TCP server, such as \`nc -lk 9999\`, every two seconds, until the server
closes the connection or Ctrl-C.

  HOST  default 127.0.0.1
  PORT  default 9999
`;

const BATCH_SECONDS = 2;
const PORT_MAX = 65_535;
/** As many as one request takes. */
const LINES_MAX = 500;

cleanEnvironment();
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const place = parsePlace(args);
  if (typeof place === 'string') {
    process.stderr.write(`${place}\n\n${USAGE}`);
    return 2;
  }
  try {
    await countWords(place);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
}

function parsePlace(args: readonly string[]): Place | string {
  try {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    // A number alone is a port: no host has such a name.
    const isPortAlone = positionals.length === 1 && /^\d+$/.test(positionals[0]!);
    const [host = '127.0.0.1', port = '9999', ...others] = isPortAlone
      ? ['127.0.0.1', ...positionals]
      : positionals;
    if (others.length > 0) return 'there is one host and one port';
    if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > PORT_MAX) {
      return `the port must be a number from 1 to ${PORT_MAX}, not '${port}'`;
    }
    return { host, port: Number(port) };
  } catch (error) {
    return (error as Error).message;
  }
}

async function countWords(place: Place): Promise<void> {
  // Fails before anything is started when nobody listens.
  const socket = await connect(place);
  const waiting = readAhead(socket);
  const example = await startExample('words', { batchingWindowSeconds: BATCH_SECONDS });
  const interrupt = () => void example.stop().then(() => process.exit(0));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    for (let lines = await waiting(LINES_MAX); lines.length > 0; lines = await waiting(LINES_MAX)) {
      await example.put(lines.map((line) => JSON.stringify(line)));
    }
    await example.untilProcessed();
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await example.stop();
  }
}

function connect(place: Place): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(place);
    socket.once('connect', () => resolve(socket));
    // Once connected, a connection that is cut is one that has ended.
    socket.on('error', reject);
  });
}
