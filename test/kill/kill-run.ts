// One run: a pipeline in the embedded cloud, events flowing, and sandboxes killed, frozen and cut off
// at the calls that the plan names. When every fault has struck, all that was pushed is applied and
// compared, row by row, with a computation that knows nothing of batches.

import { setTimeout as wait } from 'node:timers/promises';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import type { StreamWriter } from '../../localstack/demo/push.ts';
import { auditOf, type Compared, compare } from './compare.ts';
import { BATCH_SIZE, type Deployed, withPipeline } from './deployed.ts';
import type { StruckFault } from './fault-proxy.ts';
import { type Fault, isKill, planFaults } from './plan.ts';
import type { PortMethod } from './port-call.ts';
import { createTraffic, type Traffic } from './traffic.ts';

export interface KillReport extends Compared {
  readonly seed: number;
  readonly kills: number;
  /** Kills after the cloud had done the PutItem of a commit and before its reply went out. */
  readonly killsBetweenCommitAndReply: number;
  readonly struck: readonly StruckFault[];
  readonly calls: ReadonlyMap<PortMethod, number>;
  readonly recordsIn: number;
  readonly seconds: number;
}

/** A log is folded for the first time after a quarter of its 1,024 slots. */
const BATCHES_BEFORE_FOLD = 260;
/** Faults that wait for their call at the same time. */
const ARMED_MAX = 6;
/** Commits between two rounds of events, and how long to wait for them. */
const COMMITS_PER_ROUND = 12;
const COMMITS_PER_FOLD = 24;
const ROUND_MS_MAX = 3_000;
const STALLED_MS = 60_000;
/** By then each log was folded more than once, so every method was called again. */
const COMMITS_WITHOUT_HIT_MAX = 4_096;
/** Reading all the books takes about as long. */
const POLL_MS = 250;

/** @param onProgress how many faults of how many have struck */
export async function runKills(options: {
  readonly kills: number;
  readonly seed: number;
  readonly onProgress?: (progress: {
    readonly struck: number;
    readonly planned: number;
    readonly recordsIn: number;
  }) => void;
  /** Ends the run early; it rejects then. */
  readonly interruption?: AbortSignal;
}): Promise<KillReport> {
  const { kills, seed, onProgress = () => {}, interruption } = options;
  const startedAtMs = performance.now();
  const faults = planFaults({ kills, seed });
  return withPipeline(async (deployed) => {
    const { proxy } = deployed;
    const traffic = createTraffic({ seed, batchSize: BATCH_SIZE, writer: deployed.writer });
    await push(deployed, traffic.open());
    await untilApplied(deployed, traffic);
    await push(deployed, traffic.lengthen(BATCHES_BEFORE_FOLD));
    const maintenance = keepMaintaining(deployed);
    await strikeAll(deployed, {
      traffic,
      faults,
      onProgress: (struck) =>
        onProgress({ struck, planned: faults.length, recordsIn: traffic.recordCount() }),
    });
    await maintenance.stop();
    await untilApplied(deployed, traffic);
    // Zombies that come now find rows that nobody will write again.
    await proxy.settled();
    // A later commit of a shard shows that all before it is published.
    await push(deployed, traffic.close());
    await untilApplied(deployed, traffic);

    const found = await compare(deployed, traffic.pushed);
    const killed = proxy.struck.filter(({ fault }) => isKill(fault.kind));
    return {
      seed,
      kills: killed.length,
      killsBetweenCommitAndReply: killed.filter(
        ({ fault, statusCode }) =>
          fault.kind === 'kill-after' && fault.method === 'commits.append' && statusCode === 200,
      ).length,
      struck: proxy.struck,
      calls: proxy.calls,
      recordsIn: traffic.recordCount(),
      ...found,
      seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
    };
  }, interruption);
}

const push = ({ writer }: Deployed, records: Parameters<StreamWriter['push']>[0]) =>
  writer.push(records, () => {});

/** Keeps faults armed and events flowing until the last fault has struck. */
async function strikeAll(
  deployed: Deployed,
  run: {
    readonly traffic: Traffic;
    readonly faults: readonly Fault[];
    readonly onProgress: (struck: number) => void;
  },
): Promise<void> {
  const { proxy } = deployed;
  const { traffic, onProgress } = run;
  const waiting = [...run.faults];
  const commitCount = () => proxy.calls.get('commits.append') ?? 0;
  let hit = { count: 0, commitCount: commitCount() };
  let moved = { commitCount: commitCount(), atMs: performance.now() };
  while (proxy.hitCount < run.faults.length) {
    while (proxy.armedCount < ARMED_MAX && waiting.length > 0) proxy.arm(waiting.shift()!);
    await push(deployed, traffic.round());
    await proxy.commitsAnswered(COMMITS_PER_ROUND, ROUND_MS_MAX);
    onProgress(proxy.hitCount);
    const now = { commitCount: commitCount(), atMs: performance.now() };
    if (proxy.hitCount > hit.count) hit = { count: proxy.hitCount, commitCount: now.commitCount };
    if (now.commitCount > moved.commitCount) moved = now;
    const how = `${proxy.hitCount} of ${run.faults.length} faults have struck`;
    if (now.atMs - moved.atMs > STALLED_MS) {
      throw stalled(deployed, `nothing was committed for a minute: ${how}`);
    }
    if (now.commitCount - hit.commitCount > COMMITS_WITHOUT_HIT_MAX) {
      throw stalled(deployed, `${COMMITS_WITHOUT_HIT_MAX} commits met no fault: ${how}`);
    }
  }
}

/** Invokes the maintenance function again and again, as its schedule does every few minutes. */
function keepMaintaining({ cloud, proxy }: Deployed) {
  const lambda = new LambdaClient({
    endpoint: cloud.endpoint,
    region: cloud.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  let stopped = false;
  const run = async () => {
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
    const FunctionName = Functions.map((found) => found.FunctionName!).find((name) =>
      name.includes('Maintenance'),
    );
    while (!stopped) {
      // It fails when its sandbox is killed; the next one goes on.
      await lambda.send(new InvokeCommand({ FunctionName }));
      await proxy.commitsAnswered(COMMITS_PER_FOLD, ROUND_MS_MAX);
    }
  };
  const running = run();
  // Thrown where it is awaited.
  running.catch(() => {});
  return {
    async stop() {
      stopped = true;
      await running;
      lambda.destroy();
    },
  };
}

/** Until every record is committed and no sandbox has anything to do. */
async function untilApplied(deployed: Deployed, traffic: Traffic): Promise<void> {
  const { cloud } = deployed;
  let last = { done: -1, atMs: performance.now() };
  for (;;) {
    const { totals } = await auditOf(deployed);
    const done = totals.in - totals.duplicate;
    if (done >= traffic.recordCount() && !cloud.sandboxes().some(({ busy }) => busy)) return;
    if (done > last.done) last = { done, atMs: performance.now() };
    if (performance.now() - last.atMs > STALLED_MS) {
      throw stalled(
        deployed,
        `nothing was applied for a minute: ${done} of ${traffic.recordCount()} records are`,
      );
    }
    await wait(POLL_MS);
  }
}

/** Says what the functions complained about last. */
function stalled({ cloud }: Deployed, how: string): Error {
  const names = new Set(cloud.sandboxes().map(({ functionName }) => functionName));
  const complaints = [...names].flatMap((name) => {
    const last = cloud.logsOf(name).findLast((line) => /^\w*Error: /.test(line));
    return last === undefined ? [] : [`${name}: ${last}`];
  });
  return new Error([how, ...complaints].join('; '));
}
