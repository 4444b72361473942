// What a pipeline makes of each event alone: the times that its watermark reads, and everything else, so
// that two such passes can be compared. Variables of a module outlive every run of a simulation, and after
// the first pass all runs may be wrong in the same way; only that first pass shows it.

import { decodeBatch } from '../decoding/decode-batch.ts';
import { KEY_GROUP_COUNT } from '../model/hash-range.ts';
import { asBatchTimeMs, asShardId } from '../model/ids.ts';
import { readerOf } from '../operators/selector.ts';
import { type Plan, sourceOf, type WatermarkNode } from '../plan/plan.ts';
import type { BatchResult } from '../runtime/batch.ts';
import { compilePlan } from '../runtime/process-batch.ts';
import { KeyedState } from '../state/keyed-state.ts';
import { parseEventTime } from '../time/event-time.ts';
import { type Ambience, runInside } from './ambient.ts';
import { chanceOf } from './faults/chance.ts';
import { collectOutputs, differenceOf, type RowDifference } from './outputs.ts';
import { committedOutputsOf } from './replay.ts';
import { stateDigestOf } from './watch/journal.ts';
import { targetsOf } from './world/targets.ts';

/** What became of one event. */
export interface AloneResult {
  /** Least and greatest event time among its rows; `null` where it has none. */
  readonly times: { readonly minMs: number; readonly maxMs: number } | null;
  /** Rows that came to the watermark. */
  readonly rowCount: number;
  readonly outputs: BatchResult['outputs'];
  readonly stateDigest: string;
}

/** An event of which a second pass made something else than the first one. */
export interface AloneDifference {
  readonly event: number;
  /** Rows that came to the watermark, first and again. */
  readonly rowCounts: readonly [first: number, again: number];
  /** `null` where no row that came out is another one. */
  readonly row: RowDifference | null;
}

/** Computes each event alone; a pipeline without a watermark is not asked. */
export function resultsAlone(plan: Plan, data: readonly Uint8Array[]): readonly AloneResult[] {
  if (plan.nodes.every(({ kind }) => kind !== 'watermark')) return [];
  const chance = chanceOf(1, 'alone');
  const ambience: Ambience = {
    nowMs: () => NOW_MS,
    startedMs: NOW_MS,
    draw: () => chance.below(2 ** 32),
    after: () => () => {},
    locale: undefined,
    sandbox: -1,
    asked: () => {},
    rejected: () => {},
  };
  return runInside(ambience, () => data.map(aloneReader(plan)));
}

/** The first event of which two passes made something else; `null` when there is none. */
export function differenceAlone(
  first: readonly AloneResult[],
  again: readonly AloneResult[],
): AloneDifference | null {
  for (const [event, one] of first.entries()) {
    const other = again[event]!;
    const row = differenceOf(rowsOf(one), rowsOf(other), 0);
    const isSame = one.rowCount === other.rowCount && one.stateDigest === other.stateDigest;
    if (!isSame || row !== null) return { event, rowCounts: [one.rowCount, other.rowCount], row };
  }
  return null;
}

const rowsOf = ({ outputs }: AloneResult) =>
  collectOutputs(committedOutputsOf(outputs), new Set(), new Map());

/** The same in each pass, so that no clock makes a difference. */
const NOW_MS = Date.UTC(2026, 0, 1);
/** So late that no event lies ahead of it. */
const FAR_FUTURE_MS = Date.UTC(9999, 0, 1);

/** Runs one event, with a look at the times that the watermark reads. */
function aloneReader(plan: Plan) {
  let seen: unknown[] = [];
  const nodes = plan.nodes.map((node) => {
    if (node.kind !== 'watermark') return node;
    const read = readerOf(node.time, node.uid);
    const select = (row: unknown) => {
      const value = read(row);
      seen.push(parseEventTime(value, node.unit));
      return value;
    };
    return { ...node, time: { kind: 'function', select } } as WatermarkNode;
  });
  const executable = compilePlan({ ...plan, nodes }, targetsOf(plan));
  return (data: Uint8Array): AloneResult => {
    seen = [];
    const state = KeyedState.empty();
    const { counts, draft, outputs } = executable.processBatch({
      state,
      decoded: decodeBatch([recordOf(data)], null),
      from: 0,
      to: 1,
      originOf: () => ({ source: sourceOf(plan).name, shardId: asShardId('shardId-000000000000') }),
      givenWatermarkMs: null,
      tables: new Map(),
      hashRange: { start: 0n, end: 2n ** 128n - 1n },
      watermarkMs: null,
      floors: [{ firstKeyGroup: 0, lastKeyGroup: KEY_GROUP_COUNT - 1, watermarkMs: null }],
      batchTimeMs: asBatchTimeMs(FAR_FUTURE_MS),
      outputName: 'alone-1',
      setAside: null,
    });
    state.adopt(draft);
    const times = seen.filter((time) => typeof time === 'number');
    return {
      times:
        counts.dead > 0 || times.length === 0
          ? null
          : { minMs: Math.min(...times), maxMs: Math.max(...times) },
      rowCount: seen.length,
      outputs,
      stateDigest: stateDigestOf(state),
    };
  };
}

const recordOf = (data: Uint8Array) => ({
  kinesis: {
    sequenceNumber: '1',
    partitionKey: 'any',
    data: Buffer.from(data).toString('base64'),
    approximateArrivalTimestamp: FAR_FUTURE_MS / 1_000,
  },
  eventID: 'shardId-000000000000:1',
  eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
});
