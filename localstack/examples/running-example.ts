// An example in a cloud inside this process: its pipeline deployed, records put into its stream, and
// what its function prints on standard output, so that a program looks like a console of the pipeline.

import { setTimeout as wait } from 'node:timers/promises';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { type Clients, createClients } from '../demo/clients.ts';
import { findCommitLog, readCommits } from '../demo/outputs.ts';
import { type EmbeddedCloud, startEmbeddedCloud } from '../embedded/embedded-cloud.ts';
import { placesOf } from '../pipelines.ts';
import { synthesise } from '../synthesise.ts';

/** PutRecords takes at most this many records. */
const RECORDS_PER_REQUEST = 500;
/** Without an invocation for this long something is broken, and waiting on would hide it. */
const STALLED_MS = 60_000;

export interface RunningExample {
  /** Puts records, each the text of one event, in order. */
  put(records: readonly string[]): Promise<void>;
  /** Resolves when all that was put is processed, and what the function printed of it is shown. */
  untilProcessed(): Promise<void>;
  /** Records and rows of all batches that were set aside, and rows that came too late. */
  leftOut(): Promise<{ readonly dead: number; readonly late: number }>;
  stop(): Promise<void>;
}

/** Deploys a pipeline of functions/pipelines with one shard, whose order is that of the puts. */
export async function startExample(
  pipeline: string,
  options: { readonly batchingWindowSeconds: number },
): Promise<RunningExample> {
  const assembly = await synthesise({
    pipeline,
    shardCount: '1',
    batchingWindowSeconds: String(options.batchingWindowSeconds),
  });
  const cloud = await startEmbeddedCloud({ port: 0 });
  try {
    showOutput(cloud);
    const outputs = await cloud.deploy(assembly.directory);
    const { stream } = placesOf(outputs)[pipeline]!;
    const clients = createClients(cloud.endpoint);
    return await runningExample(cloud, clients, stream!);
  } catch (error) {
    await cloud.stop();
    throw error;
  } finally {
    await assembly.remove();
  }
}

async function runningExample(
  cloud: EmbeddedCloud,
  clients: Clients,
  StreamName: string,
): Promise<RunningExample> {
  const { kinesis, dynamodb } = clients;
  const logTable = await findCommitLog(dynamodb);
  const commits = () => readCommits(dynamodb, logTable);
  let newest = '';
  let settled = '';
  let settledCount = 0;
  cloud.feed.on('invocation-settled', ({ trigger, failure }) => {
    if (trigger.kind === 'stream' && failure === null) settled = trigger.lastSequenceNumber;
    settledCount += 1;
  });
  /** A commit is there before its rows are printed, and an invocation may have done only a part. */
  const isProcessed = async () =>
    newest === '' ||
    (isAtLeast(settled, newest) &&
      (await commits()).some(({ positions }) =>
        [...positions.values()].some((position) => isAtLeast(position, newest)),
      ));
  return {
    async put(records) {
      for (let from = 0; from < records.length; from += RECORDS_PER_REQUEST) {
        const Records = records.slice(from, from + RECORDS_PER_REQUEST).map((text) => ({
          PartitionKey: 'example',
          Data: Buffer.from(text),
        }));
        const answer = await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
        newest = answer.Records!.at(-1)!.SequenceNumber!;
      }
    },
    async untilProcessed() {
      for (let seen = settledCount; !(await isProcessed()); seen = settledCount) {
        if (seen === settledCount) await nextInvocation(cloud);
      }
    },
    async leftOut() {
      const counts = (await commits()).map((commit) => commit.counts);
      const sum = (of: 'dead' | 'late') => counts.reduce((total, each) => total + each[of], 0);
      return { dead: sum('dead'), late: sum('late') };
    },
    async stop() {
      // What the end cuts off has not failed.
      cloud.feed.removeAllListeners('invocation-settled');
      clients.destroy();
      await cloud.stop();
    },
  };
}

/** Sequence numbers are ordered by length, then text. */
const isAtLeast = (one: string, other: string) =>
  one.length > other.length || (one.length === other.length && one >= other);

/**
 * Resolves when the next invocation has ended. What it printed is in the pipe before its answer is,
 * and it takes a request more to learn of its commit, so by then it is shown.
 */
async function nextInvocation(cloud: EmbeddedCloud): Promise<void> {
  const settled = new AbortController();
  const ended = () => settled.abort();
  cloud.feed.once('invocation-settled', ended);
  try {
    await wait(STALLED_MS, undefined, { signal: settled.signal, ref: true });
  } catch {
    return;
  } finally {
    cloud.feed.off('invocation-settled', ended);
  }
  throw new Error(`no batch was processed for ${STALLED_MS / 1_000} seconds`);
}

/** Whole lines of the functions, without those that the engine logs about itself. */
function showOutput(cloud: EmbeddedCloud): void {
  // Who reads the first lines only, such as `head`, has seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    void cloud.stop().then(() => process.exit(0));
  });
  const unfinished = new Map<string, string>();
  cloud.feed.on('output', ({ functionName, text }) => {
    const lines = `${unfinished.get(functionName) ?? ''}${text}`.split('\n');
    unfinished.set(functionName, lines.pop()!);
    for (const line of lines) if (!isLogOfEngine(line)) process.stdout.write(`${line}\n`);
  });
  cloud.feed.on('invocation-settled', ({ functionName, failure }) => {
    if (failure === null) return;
    process.stderr.write(`${functionName} failed: ${failure.errorMessage}\n`);
  });
}

const isLogOfEngine = (line: string) => line.startsWith('{"level":');
