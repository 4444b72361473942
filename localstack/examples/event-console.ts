// The main program of the examples that read events, one JSON text a line, from a file or from
// standard input, and show the table of all results after each batch.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cleanEnvironment } from '../../environment.ts';
import { readAhead } from './read-ahead.ts';
import { type RunningExample, startExample } from './running-example.ts';

/** Small enough to see the table grow. */
const BATCH_OF_SAMPLE = 6;
/** As many as one request takes. */
const BATCH_MAX = 500;

interface Settings {
  /** A file, or `-` for standard input. */
  readonly input: string;
  readonly perBatch: number;
}

/** Runs the example `name`; `sample` stands in localstack/examples. The exit code. */
export async function runEventConsole(name: string, sample: string): Promise<number> {
  cleanEnvironment();
  const usage = `Usage: npm run example:${name} -- [FILE|-] [--batch N]

Reads events, one JSON text a line, and prints all results after each batch.

  FILE       where events are read from; - is standard input (default: ${sample})
  --batch N  most events of one batch, 1 to ${BATCH_MAX} (default: ${BATCH_MAX}, of the sample ${BATCH_OF_SAMPLE})
`;
  const settings = parseSettings(process.argv.slice(2), sample);
  if (settings === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  if (typeof settings === 'string') {
    process.stderr.write(`${settings}\n\n${usage}`);
    return 2;
  }
  try {
    await runInCloud(name, settings);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

function parseSettings(args: readonly string[], sample: string): Settings | string {
  if (args.includes('--help')) return 'help';
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { batch: { type: 'string' } },
    });
    const [file] = positionals;
    const perBatch = Number(values.batch ?? (file === undefined ? BATCH_OF_SAMPLE : BATCH_MAX));
    if (!Number.isInteger(perBatch) || perBatch < 1 || perBatch > BATCH_MAX) {
      return `--batch takes a whole number from 1 to ${BATCH_MAX}, not ${values.batch}`;
    }
    if (positionals.length > 1) return 'there is one input at most';
    return { input: file ?? join(import.meta.dirname, sample), perBatch };
  } catch (error) {
    return (error as Error).message;
  }
}

async function runInCloud(name: string, { input, perBatch }: Settings): Promise<void> {
  // Fails before anything is started when there is no such file.
  const file = input === '-' ? null : await open(input);
  const waiting = readAhead(file === null ? process.stdin : file.createReadStream());
  const example = await startExample(name, { batchingWindowSeconds: 1 });
  const interrupt = () => void example.stop().then(() => process.exit(0));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    for (let batch = await waiting(perBatch); batch.length > 0; batch = await waiting(perBatch)) {
      await example.put(batch.filter((line) => line.trim() !== ''));
      await example.untilProcessed();
    }
    await sayLeftOut(example);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await example.stop();
  }
}

async function sayLeftOut(example: RunningExample): Promise<void> {
  const { dead, late } = await example.leftOut();
  if (dead > 0) process.stderr.write(`lines that were set aside as dead letters: ${dead}\n`);
  if (late > 0) process.stderr.write(`events that came too late: ${late}\n`);
}
