// Follows the commit log while events go in, kills a sandbox on the way, and knows when every record
// that was pushed is applied and published.

import { setTimeout as wait } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type CommitSummary, countItems, readCommits } from './outputs.ts';
import type { StreamWriter } from './push.ts';
import { counted, type Screen } from './screen.ts';

/** A sandbox of the cloud, as somebody with access to its machine sees it. */
export interface Sandboxes {
  list(): readonly {
    readonly pid: number;
    readonly functionName: string;
    readonly busy: boolean;
  }[];
  /** SIGKILL; false when there is no such process. */
  kill(pid: number): boolean;
}

export interface Watch {
  /** How many sandboxes were killed. */
  readonly killedCount: number;
  readonly onPut: (count: number) => void;
  /** Shows progress until `pushing` has ended and all that was pushed is applied and published. */
  untilApplied(pushing: Promise<void>): Promise<void>;
}

/** Progress is asked for this often; what ends a wait is what the log holds, never the time. */
const POLL_MS = 300;
/** Counting the rows reads the whole table, so it is done less often. */
const COUNT_ROWS_MS = 2_000;
/** Without progress for this long something is broken, and waiting on would hide it. */
const STALLED_MS = 60_000;
/** The sandbox is killed once this part is applied: its shard has state to lose by then. */
const KILL_AT = 0.3;

export function createWatch(options: {
  readonly dynamodb: DynamoDBClient;
  readonly logTable: string;
  readonly resultTable: string;
  readonly writer: StreamWriter;
  readonly sandboxes: Sandboxes;
  /** Records that will be pushed in all. */
  readonly total: number;
  readonly screen: Screen;
}): Watch {
  const { dynamodb, logTable, resultTable, writer, sandboxes, total, screen } = options;
  let pushed = 0;
  let killedCount = 0;

  const killOne = () => {
    const busy = sandboxes.list().find((sandbox) => isTask(sandbox) && sandbox.busy);
    if (busy === undefined || !sandboxes.kill(busy.pid)) return;
    killedCount += 1;
    screen.say(`killed sandbox ${busy.pid} with SIGKILL in the middle of a batch`);
  };

  const isSettled = (commits: readonly CommitSummary[]) =>
    [...writer.newest].every(([shardId, newest]) =>
      commits.some(({ positions }) => isAtLeast(positions.get(shardId), newest)),
    ) && !sandboxes.list().some((sandbox) => isTask(sandbox) && sandbox.busy);

  return {
    get killedCount() {
      return killedCount;
    },
    onPut: (count) => {
      pushed += count;
    },
    untilApplied: async (pushing) => {
      let isPushing = true;
      // The rejection is thrown below, where it is awaited; here it only ends the pushing.
      pushing
        .catch(() => {})
        .finally(() => {
          isPushing = false;
        });
      let rows = { count: await countItems(dynamodb, resultTable), atMs: performance.now() };
      let last = { done: -1, atMs: performance.now() };
      for (;;) {
        const stillPushing = isPushing;
        const commits = await readCommits(dynamodb, logTable);
        if (!stillPushing && isSettled(commits)) break;
        const done = commits.reduce((sum, { counts }) => sum + counts.in - counts.duplicate, 0);
        if (killedCount === 0 && done > total * KILL_AT) killOne();
        if (done + pushed > last.done) last = { done: done + pushed, atMs: performance.now() };
        if (performance.now() - last.atMs > STALLED_MS) {
          throw new Error(
            `nothing moved for a minute: ${counted(done)} of ${counted(pushed)} records are applied`,
          );
        }
        if (performance.now() - rows.atMs > COUNT_ROWS_MS) {
          rows = { count: await countItems(dynamodb, resultTable), atMs: performance.now() };
        }
        screen.progress(
          done / total,
          `pushed ${counted(pushed)} · applied ${counted(done)} · batches ${commits.length} · rows in DynamoDB ${counted(rows.count)}`,
        );
        await wait(POLL_MS);
      }
      await pushing;
    },
  };
}

const isTask = ({ functionName }: { readonly functionName: string }) =>
  functionName.includes('PartitionTask');

/** Sequence numbers are decimal numbers of different lengths. */
function isAtLeast(position: string | undefined, wanted: string): boolean {
  return position !== undefined && BigInt(position) >= BigInt(wanted);
}
