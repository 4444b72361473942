// One pass over the records of a batch: decoded events go through the plan's operators one at a
// time, a draft takes what they change, then the watermark advances, and what it closes is emitted
// and evicted in the same pass. Pure: no clock, no I/O, and the same input gives the same bytes.
//
// A record that fails anywhere is a dead letter, and what it did to draft and outputs before it
// failed is taken back at once; the pass never starts over, so a batch full of bad records costs
// what a batch of good ones does. A result row that the operators behind an aggregation, or every
// byte of its sink, cannot take has no one record to blame: it becomes a dead letter of this commit
// as JSON, under the position of the batch's last record if it has any, and the classes of the records,
// which count source records only, do not change.

import type { SinkTargets } from '../contract/environment.ts';
import { assert } from '../model/assert.ts';
import { WHOLE_RANGE } from '../model/hash-range.ts';
import { asArrivalTimeMs } from '../model/ids.ts';
import type { ArrivalRange } from '../model/record.ts';
import { GroupWatermarks } from '../operators/group-watermarks.ts';
import { Pass, type Push } from '../operators/pass.ts';
import { faultOfThrown, RecordFault } from '../operators/record-fault.ts';
import { WatermarkProgress } from '../operators/watermark-progress.ts';
import { type WiredPlan, wirePlan } from '../operators/wire-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { sha256Hex } from '../state/digest.ts';
import type { StateDraft } from '../state/draft.ts';
import type {
  BatchInput,
  BatchResult,
  CompilePlan,
  ExecutablePlan,
  SetAsideReason,
  StateInput,
} from './batch.ts';
import { BatchOutputs } from './batch-outputs.ts';

/** Faults of records that are set aside unread. */
const SET_ASIDE: Readonly<Record<SetAsideReason, RecordFault>> = {
  poison: new RecordFault(
    'poison',
    'the process ended each time this record was processed; its code was not run again',
  ),
  'too-much-state': new RecordFault(
    'too-much-state',
    'the changes of this record alone are larger than a commit can hold; emit fewer or smaller rows for it',
  ),
};

/**
 * Makes a plan ready to run: operators wired and targets resolved once per sandbox.
 *
 * @throws EngineError `invalid` when a sink has no target or the plan cannot be wired.
 */
export const compilePlan: CompilePlan = (plan, targets) => new CompiledPlan(plan, targets);

type RecordCounts = {
  dead: number;
  late: number;
  filtered: number;
  applied: number;
  lateRows: number;
  /** Of all records but the dead. */
  lateRowCount: number;
};

class CompiledPlan implements ExecutablePlan {
  readonly plan: Plan;
  private readonly pass: Pass;
  private readonly outputs: BatchOutputs;
  private readonly wired: WiredPlan;
  private readonly progress: WatermarkProgress;
  private readonly startMs: 0 | null;

  constructor(plan: Plan, targets: SinkTargets) {
    this.plan = plan;
    this.outputs = new BatchOutputs(plan, targets);
    this.pass = new Pass({
      attempt: (action) => this.attempt(action),
      setAside: (fault, row) => this.outputs.addDeadRow(fault, row),
    });
    this.startMs = watermarkStart(plan);
    this.progress = new WatermarkProgress(this.pass, { ...plan, startMs: this.startMs });
    this.wired = wirePlan(plan, this.pass, (uid): Push => this.outputs.pushOf(uid));
  }

  processBatch(input: BatchInput): BatchResult {
    const { decoded, from, to } = input;
    assert(
      0 <= from && from <= to && to <= decoded.count,
      `a batch takes records ${from} to ${to}`,
    );
    const { pass, wired, outputs } = this;
    const draft = input.state.draft({ undoable: wired.undoable });
    pass.draft = draft;
    const previous = this.watermarks(this.progress.lateMs(input.watermarkMs), input);
    pass.begin({ ...input, draft, previous });
    outputs.begin(input);
    for (const operator of wired.operators) operator.begin();
    const { lateRowCount, ...counts } = this.passRecords(input, draft);
    pass.lateRows = 0;
    for (const operator of wired.operators) operator.finishRows();
    const { closedMs, committedMs: watermarkMs } = this.progress.advance(
      input.watermarkMs,
      input.givenWatermarkMs,
    );
    const current = this.watermarks(closedMs, input);
    for (const operator of wired.operators) {
      const { behindMs } = operator;
      operator.close({ previous: previous.behind(behindMs), current: current.behind(behindMs) });
    }
    return {
      draft,
      outputs: outputs.finish(),
      watermarkMs,
      counts,
      lateRowCount: lateRowCount + pass.lateRows,
      firstPosition: from === to ? null : decoded.positionOf(from),
      lastPosition: from === to ? null : decoded.positionOf(to - 1),
      arrival: from === to ? null : arrivalRange(input),
      // Only a commit needs it, and a prefix whose delta is too long never gets that far.
      get inputDigest() {
        return digestOf(input);
      },
    };
  }

  countState({ state, watermarkMs, floors }: StateInput): ReadonlyMap<string, number> {
    const { pass, progress, wired } = this;
    const draft = state.draft();
    pass.draft = draft;
    const watermarks = this.watermarks(progress.lateMs(watermarkMs), { floors });
    pass.begin({
      draft,
      hashRange: WHOLE_RANGE,
      previous: watermarks,
      batchTimeMs: 0,
      tables: new Map(),
    });
    const counts = wired.operators.map((operator) => {
      operator.begin();
      return [operator.uid, operator.countState(watermarks.behind(operator.behindMs))] as const;
    });
    return new Map(counts);
  }

  private passRecords(input: BatchInput, draft: StateDraft): RecordCounts {
    const { decoded, from, to } = input;
    const { pass, outputs } = this;
    const { pushes, undoable } = this.wired;
    const counts = { dead: 0, late: 0, filtered: 0, applied: 0, lateRows: 0, lateRowCount: 0 };
    const { arrivedAtMs } = decoded;
    for (let index = from; index < to; index += 1) {
      pass.beginRecord(arrivedAtMs[index]!);
      if (undoable) {
        draft.journal.mark();
        outputs.mark();
      }
      try {
        const push = pushes.get(input.originOf(index).source)!;
        push(this.eventAt(input, index), Number.NaN);
      } catch (thrown) {
        const fault = faultOfThrown(thrown);
        if (undoable) {
          draft.journal.undo();
          outputs.undo();
        } else {
          // Such a plan takes a record to one place only, and all that can throw, user code, key,
          // inputs and encoding, does so before that place is touched: there is nothing to undo.
          assert(!pass.reached, 'a record that failed has left state and sinks as they were');
        }
        outputs.addDeadRecord(fault, index);
        counts.dead += 1;
        continue;
      }
      pass.endRecord();
      counts.lateRowCount += pass.lateRows;
      if (pass.reached) {
        counts.applied += 1;
        counts.lateRows += pass.lateRows;
      } else if (pass.lateRows > 0) counts.late += 1;
      else counts.filtered += 1;
    }
    return counts;
  }

  /**
   * The event at an index, freshly parsed, so that a pass over the same records again is not misled
   * by user code that changed events in place; throws the fault of a record that is no event.
   */
  private eventAt({ decoded, from, setAside }: BatchInput, index: number): unknown {
    if (setAside !== null && index === from) throw SET_ASIDE[setAside];
    const event = decoded.event(index);
    if (event !== undefined) return event;
    const reject = decoded.rejectOf(index);
    assert(reject !== null, 'a record that is no event has a reason');
    throw new RecordFault(reject.reason, reject.detail);
  }

  private watermarks(ms: number | null, { floors }: Pick<BatchInput, 'floors'>): GroupWatermarks {
    return GroupWatermarks.of(ms, floors, this.startMs);
  }

  private attempt(action: () => void): RecordFault | null {
    const { draft } = this.pass;
    if (this.wired.undoable) draft.journal.mark();
    this.outputs.mark();
    try {
      action();
      return null;
    } catch (thrown) {
      const fault = faultOfThrown(thrown);
      if (this.wired.undoable) draft.journal.undo();
      this.outputs.undo();
      return fault;
    }
  }
}

/** Where the watermark of a plan begins: at 1970, unless there is none, or one that is opened downwards. */
function watermarkStart({ nodes }: Plan): 0 | null {
  const declared = nodes.filter((node) => node.kind === 'watermark');
  if (!nodes.some(({ kind }) => kind === 'watermark' || kind === 'processing-time')) return null;
  return declared.some(({ startMs }) => startMs === null) ? null : 0;
}

/** First and last arrival of the records taken; Kinesis does not promise that they ascend. */
function arrivalRange({ decoded, from, to }: BatchInput): ArrivalRange {
  let [firstMs, lastMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = from; index < to; index += 1) {
    const arrivedAtMs = decoded.arrivedAtMs[index]!;
    if (arrivedAtMs < firstMs) firstMs = arrivedAtMs;
    if (arrivedAtMs > lastMs) lastMs = arrivedAtMs;
  }
  return { firstMs: asArrivalTimeMs(firstMs), lastMs: asArrivalTimeMs(lastMs) };
}

/**
 * Digest of the records taken: first and last position and number of those of each shard, the length of
 * each record, then the bytes. A stream never changes what lies between two of its positions, so this
 * names the input.
 */
function digestOf(input: BatchInput): string {
  const { decoded, from, to } = input;
  const ranges = shardRanges(input);
  // Of one shard the log already says which it is.
  const range = JSON.stringify(
    ranges.length > 1 ? ranges : (ranges[0] ?? [null, null, 0]).slice(-3),
  );
  const lengths = new Uint32Array(to - from);
  for (let index = from; index < to; index += 1)
    lengths[index - from] = decoded.byteLengthOf(index);
  const lengthBytes = new Uint8Array(lengths.buffer);
  return sha256Hex(Buffer.from(range, 'utf8'), lengthBytes, decoded.slabRange(from, to));
}

/** Source, shard, first and last position and number of the records of each shard. */
function shardRanges({ decoded, from, to, originOf }: BatchInput): readonly (readonly unknown[])[] {
  const ranges: (readonly unknown[])[] = [];
  let first = from;
  while (first < to) {
    const origin = originOf(first);
    let end = first + 1;
    while (end < to && originOf(end) === origin) end += 1;
    const positions = [decoded.positionOf(first), decoded.positionOf(end - 1)];
    ranges.push([origin.source, origin.shardId, ...positions, end - first]);
    first = end;
  }
  return ranges;
}
