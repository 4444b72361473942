// Hands committed rows to the functions of a pipeline's foreachBatch sinks: the one part of publication
// that needs user code. A batch is handed over from its stored bytes, under an id that was stored with
// them, so every repeat gives the same rows and the same id, in whichever sandbox. A function that does
// not end well fails the invocation, so that whoever learns the head hands its batch over again. Rows
// whose sink this code does not have are refused: nothing else could ever bring them to their place.

import { EngineError } from '../model/errors.ts';
import { thrownText } from '../operators/record-fault.ts';
import { isSink, type Plan, type SinkNode } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';

/** The rows of one sink in one commit, NDJSON. */
export interface CommittedBatch {
  readonly sinkUid: string;
  readonly batchId: string;
  readonly bytes: Uint8Array;
}

export interface BatchFunctions {
  /**
   * Resolves when the sink's function has taken the rows.
   *
   * @throws EngineError `unavailable`, code `batch-not-taken`, when it has not; `invalid`, code
   * `sink-function-missing`, when the plan has no such sink.
   */
  handOver(batch: CommittedBatch, deadlineMs: number): Promise<void>;
}

export function createBatchFunctions(plan: Plan, clock: Clock): BatchFunctions {
  const sinks = new Map(plan.nodes.filter(isSink).map((sink) => [sink.uid, sink]));
  return {
    async handOver(batch, deadlineMs) {
      const sink = sinks.get(batch.sinkUid);
      if (sink?.kind === 'noop-sink') return;
      if (sink?.kind !== 'foreach-batch-sink') throw withoutFunction(batch);
      if (clock.nowMs() >= deadlineMs) throw notTaken(batch, 'was not called: no time is left');
      await call(sink, batch, clock.abortAt(deadlineMs));
    },
  };
}

async function call(
  sink: Extract<SinkNode, { kind: 'foreach-batch-sink' }>,
  batch: CommittedBatch,
  signal: AbortSignal,
): Promise<void> {
  const rows = parseRows(batch.bytes);
  try {
    await sink.apply(rows, batch.batchId, { signal });
  } catch (cause) {
    throw notTaken(batch, `threw ${thrownText(cause)}`, { cause });
  }
  // A function that stopped early and one that just made it look the same from here.
  if (signal.aborted) throw notTaken(batch, 'returned after its signal had aborted');
}

function parseRows(bytes: Uint8Array): never[] {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as never);
}

const notTaken = ({ sinkUid, batchId }: CommittedBatch, why: string, options?: ErrorOptions) =>
  new EngineError(
    'unavailable',
    `the function of sink '${sinkUid}' ${why}; batch ${batchId} is committed and is handed over again`,
    { ...options, code: 'batch-not-taken' },
  );

const withoutFunction = ({ sinkUid, batchId }: CommittedBatch) =>
  new EngineError(
    'invalid',
    `batch ${batchId} was committed for sink '${sinkUid}', which this pipeline no longer has: restore that foreachBatch, or drop the rows by .to(noop(), …).named('${sinkUid}') until each shard has committed again`,
    { code: 'sink-function-missing' },
  );
