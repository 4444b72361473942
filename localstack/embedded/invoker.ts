// Runs what the model says is due, and tells it how each invocation ended. Everything that may make
// something due pokes it; between pokes one timer waits for the next moment the model knows.

import { randomUUID } from 'node:crypto';
import {
  type FunctionReference,
  type FunctionVersion,
  parseFunctionReference,
} from '../../lib/cloud/lambda/functions.ts';
import type { Invocation, Outcome } from '../../lib/cloud/lambda/invocation.ts';
import type { CodeStore } from './code-store.ts';
import type { DurableCloud } from './durable-cloud.ts';
import type { Feed, InvocationTrigger } from './feed.ts';
import type { FunctionLogs } from './function-logs.ts';
import type { SandboxPool } from './sandbox/pool.ts';
import type { RunnableFunction, Outcome as SandboxOutcome } from './sandbox/sandbox.ts';
import type { InvokeCall, InvokeResult } from './wire/lambda-rest.ts';

/** Longer waits overflow Node's timers. */
const WAIT_MS_MAX = 2 ** 31 - 1;
/** When the model says "now" and then has nothing, as for a mapping whose function is gone. */
const IDLE_WAIT_MS = 100;
const LOG_TAIL_LINES = 100;

export interface Invoker {
  /** Something may have become due. */
  poke(): void;
  /** Runs a function for a caller who waits for its answer. */
  invoke(call: InvokeCall): Promise<InvokeResult>;
  /** Starts nothing more. */
  stop(): void;
}

export function createInvoker(parts: {
  readonly cloud: DurableCloud;
  readonly pool: SandboxPool;
  readonly code: CodeStore;
  readonly logs: FunctionLogs;
  readonly feed: Feed;
}): Invoker {
  const { cloud, pool, code, logs, feed } = parts;
  const runnables = new WeakMap<FunctionVersion, RunnableFunction>();
  let timer: NodeJS.Timeout | undefined;
  let poked: NodeJS.Immediate | undefined;
  let stopped = false;

  const runnableOf = (version: FunctionVersion): RunnableFunction => {
    const known = runnables.get(version);
    if (known !== undefined) return known;
    const runnable = {
      functionName: version.functionName,
      version: version.version,
      runtime: version.runtime,
      handler: version.handler,
      codeDirectory: code.folderOf(version),
      memoryMb: version.memoryMb,
      timeoutMs: version.timeoutSeconds * 1_000,
      environment: version.environment,
    };
    runnables.set(version, runnable);
    return runnable;
  };

  const run = async (request: {
    readonly id: string;
    readonly version: FunctionVersion;
    readonly functionArn: string;
    readonly trigger: InvocationTrigger;
    readonly event: string;
  }): Promise<SandboxOutcome> => {
    const { id, version, trigger } = request;
    let started = {
      id,
      functionName: version.functionName,
      version: version.version,
      pid: 0,
      trigger,
    };
    let startedAtMs = performance.now();
    const outcome = await pool.invoke(
      runnableOf(version),
      { requestId: id, functionArn: request.functionArn, event: request.event },
      (pid) => {
        started = { ...started, pid };
        startedAtMs = performance.now();
        feed.emit('invocation-started', started);
      },
    );
    const failure = outcome.kind === 'failed' ? outcome : null;
    const durationMs = performance.now() - startedAtMs;
    feed.emit('invocation-settled', { ...started, durationMs, failure });
    return outcome;
  };

  const start = async (invocation: Invocation): Promise<void> => {
    const { id, functionArn, trigger } = invocation;
    const version = cloud.target(functionArn);
    const outcome = await run({ id, functionArn, version, trigger, event: invocation.payload() });
    if (stopped) return;
    cloud.settle(id, settledAs(outcome));
    poke();
  };

  const advance = () => {
    poked = undefined;
    if (stopped) return;
    clearTimeout(timer);
    let waitMs = cloud.nextDueInMs();
    if (waitMs === 0) {
      for (const invocation of cloud.due()) void start(invocation);
      waitMs = cloud.nextDueInMs();
      if (waitMs === 0) waitMs = IDLE_WAIT_MS;
    }
    if (waitMs !== null) timer = setTimeout(advance, Math.min(waitMs, WAIT_MS_MAX));
  };

  const arnOf = ({ name, qualifier }: FunctionReference) => {
    const arn = `arn:aws:lambda:${cloud.region}:${cloud.accountId}:function:${name}`;
    return qualifier === null ? arn : `${arn}:${qualifier}`;
  };

  /** Many pokes of one turn, as from a burst of puts, are one look. */
  function poke(): void {
    poked ??= setImmediate(advance);
  }

  return {
    poke,
    async invoke({ functionName, qualifier, payload }) {
      const version = cloud.target(functionName, qualifier);
      const outcome = await run({
        id: randomUUID(),
        version,
        functionArn: arnOf(parseFunctionReference(functionName, qualifier)),
        trigger: { kind: 'request' },
        event: payload,
      });
      const { kind, ...rest } = outcome;
      return {
        payload: outcome.kind === 'returned' ? outcome.payload : JSON.stringify(rest),
        executedVersion: version.version,
        failed: kind === 'failed',
        logTail: logs.linesOf(version.functionName).slice(-LOG_TAIL_LINES).join('\n'),
      };
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      clearImmediate(poked);
    },
  };
}

function settledAs(outcome: SandboxOutcome): Outcome {
  if (outcome.kind === 'failed') return { kind: 'failed' };
  return { kind: 'returned', response: JSON.parse(outcome.payload) as unknown };
}
