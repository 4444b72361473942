// Runs the plan over as many records as one commit can hold and publish: a prefix whose changes or rows
// are too many is halved and runs again from the same state, down to one record. One record that alone
// changes more than a commit holds is set aside. A batch without records is taken as it is.

import type { BatchOutput, CommitHeader } from '../model/commit.ts';
import type { BatchNumber, BatchTimeMs } from '../model/ids.ts';
import { DELTA_BYTES_MAX, RECORD_DELTA_BYTES_MAX, TABLE_ROWS_MAX } from '../model/limits.ts';
import type { Pace } from '../protocol/isolation.ts';
import type { BatchInput, BatchResult, ExecutablePlan } from './batch.ts';
import type { Delivery } from './delivery.ts';
import type { WarmState } from './warm-states.ts';

/** What one commit may hold. */
export interface CommitLimits {
  /** @default 3 MB */
  readonly deltaBytesMax?: number;
  /** Beyond it one record alone is set aside. @default 32 MB */
  readonly recordDeltaBytesMax?: number;
  /** Rows for tables and functions that one commit may publish. @default 50,000 */
  readonly tableRowsMax?: number;
}

/** What a commit would take at most. */
export interface Prefix {
  readonly delivery: Delivery;
  readonly from: number;
  /** No record from here on. */
  readonly end: number;
  readonly pace: Pace;
  readonly number: BatchNumber;
  readonly batchTimeMs: BatchTimeMs;
  readonly givenWatermarkMs: number | null;
  readonly tables: BatchInput['tables'];
}

export interface FittingPrefix {
  readonly result: BatchResult;
  readonly delta: Uint8Array;
  /** One past the last record taken. */
  readonly to: number;
}

/** A first log has one floor over all key groups, and no watermark in it. */
export const FIRST_FLOORS: CommitHeader['floors'] = [
  { firstKeyGroup: 0, lastKeyGroup: 255, watermarkMs: null },
];

/** Runs the plan over the prefix, shortened until one commit can hold and publish what it gives. */
export function fitPrefix(
  executable: ExecutablePlan,
  warm: WarmState,
  { limits, ...prefix }: Prefix & { readonly limits: CommitLimits },
): FittingPrefix {
  const { delivery, from, pace } = prefix;
  const {
    deltaBytesMax = DELTA_BYTES_MAX,
    recordDeltaBytesMax = RECORD_DELTA_BYTES_MAX,
    tableRowsMax = TABLE_ROWS_MAX,
  } = limits;
  let setAside: BatchInput['setAside'] = pace.poison ? 'poison' : null;
  let to = Math.min(prefix.end, from + pace.recordsMax);
  let rowsBefore = Infinity;
  const processBatch = (input: Pick<BatchInput, 'to' | 'setAside' | 'givenWatermarkMs'>) =>
    executable.processBatch({
      state: warm.state,
      decoded: delivery.decoded,
      from,
      originOf: delivery.originOf,
      hashRange: warm.hashRange,
      watermarkMs: warm.head?.watermarkMs ?? null,
      floors: warm.head?.floors ?? FIRST_FLOORS,
      batchTimeMs: prefix.batchTimeMs,
      tables: prefix.tables,
      outputName: outputNameOf(warm, prefix.number),
      ...input,
    });
  // A record that moves the watermark far is not to blame for all that closes by it.
  const isByClosing = ({ watermarkMs }: BatchResult) =>
    processBatch({
      to,
      setAside: 'too-much-state',
      givenWatermarkMs: watermarkMs,
    }).draft.encodeDelta().length > recordDeltaBytesMax;
  for (;;) {
    const result = processBatch({ to, setAside, givenWatermarkMs: prefix.givenWatermarkMs });
    const delta = result.draft.encodeDelta();
    const rows = singleRowCount(result.outputs);
    // Complete mode gives the whole table whatever the prefix: then a shorter one is no help.
    const isTooMany = rows > tableRowsMax && rows < rowsBefore;
    const isTooLarge = delta.length > recordDeltaBytesMax;
    if (to - from === 1 && setAside === null && isTooLarge && !isByClosing(result)) {
      setAside = 'too-much-state';
    } else if (to - from <= 1 || (delta.length <= deltaBytesMax && !isTooMany)) {
      return { result, delta, to };
    }
    rowsBefore = rows;
    to = from + Math.ceil((to - from) / 2);
  }
}

/** Names of the shards' own logs never meet: the incarnation is another one for each stream. */
function outputNameOf({ incarnation, shard, head }: WarmState, number: BatchNumber): string {
  return `${incarnation}-${shard?.shardId ?? 'all'}-${(head?.base ?? 0) + number}`;
}

/** Rows that are published one by one and not as an object. */
function singleRowCount(outputs: readonly BatchOutput[]): number {
  const single = outputs.filter(({ target }) => target.kind !== 's3');
  return single.reduce((sum, { rowCount }) => sum + rowCount, 0);
}
