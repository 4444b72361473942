// One invocation = one batch of one shard. Order of writes: staged outputs and a spilled body
// (objects no one sees), then the commit, the single conditional write that moves state and position
// together, then publication, then adoption as warm state. A crash before the commit leaves only
// objects that nothing names; a crash after it leaves a head whose outbox the next task publishes
// again. A refused commit throws the draft away: the winner's delta is folded instead and the records
// it covers are dropped by position. Any error drops the warm state, so nothing uncommitted survives.

import { objectKeys } from '../contract/keys.ts';
import { decodeBatch } from '../decoding/decode-batch.ts';
import type { DecodedBatch } from '../decoding/decoded-batch.ts';
import { assert } from '../model/assert.ts';
import type { BatchOutput, Commit, CommitBody, CommitHeader, Gap } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import { asBatchNumber, asBatchTimeMs, asShardId, type ShardId } from '../model/ids.ts';
import {
  DEADLINE_RESERVE_MS,
  DELTA_BYTES_MAX,
  INLINE_BODY_BYTES_MAX,
  RECORD_DELTA_BYTES_MAX,
  TABLE_ROWS_MAX,
  WARM_STATE_BYTES_MAX,
} from '../model/limits.ts';
import { comparePositions, type DeliveredRecord, type Position } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { decideRefusedAppend } from '../protocol/append.ts';
import { coveredTo } from '../protocol/checkpoint.ts';
import type { Pace } from '../protocol/isolation.ts';
import { isSlotFree } from '../protocol/ring.ts';
import type { BatchInput, BatchResult, ExecutablePlan } from './batch.ts';
import { type BatchFunctions, createBatchFunctions } from './batch-functions.ts';
import { foldLog } from './checkpoint.ts';
import { encodeCommitBody } from './commit-body.ts';
import { acceptGap, findGap, type GapPolicy } from './find-gap.ts';
import {
  COMMIT_FORMAT_VERSION,
  type LearnPorts,
  learnCold,
  learnFromWinner,
  snapshotPointer,
  type TaskIdentity,
} from './learn.ts';
import { referenceTo } from './manifest.ts';
import { Pacing } from './pacing.ts';
import { publishOutbox, stageOutputs } from './publish.ts';
import { type WarmState, WarmStates } from './warm-states.ts';

/** What a task is given; the functions of its sinks come from its plan. */
export type TaskPorts = Omit<LearnPorts, 'functions'> & {
  readonly clock: Clock;
  readonly ids: Ids;
};

type RunPorts = TaskPorts & { readonly functions: BatchFunctions };

export interface TaskOptions extends GapPolicy {
  readonly identity: TaskIdentity;
  readonly executable: ExecutablePlan;
  /** @default 350 KB */
  readonly inlineBodyBytesMax?: number;
  /** @default 3 MB */
  readonly deltaBytesMax?: number;
  /** Rows for tables and functions that one commit may publish. @default 50,000 */
  readonly tableRowsMax?: number;
  /** @default 256 MB */
  readonly warmStateBytesMax?: number;
}

/** Lambda's answer for a stream batch: empty, or the first record that is not wholly committed. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface PartitionTask {
  /** Processes one delivered batch; `deadlineMs` is when Lambda ends the invocation. */
  handle(
    records: readonly DeliveredRecord[],
    invocation: { readonly deadlineMs: number },
  ): Promise<BatchResponse>;
}

export function createPartitionTask(given: TaskPorts, options: TaskOptions): PartitionTask {
  const functions = createBatchFunctions(options.executable.plan, given.clock);
  const ports: RunPorts = { ...given, functions };
  const pacing = new Pacing(ports);
  const warmStates = new WarmStates(options.warmStateBytesMax ?? WARM_STATE_BYTES_MAX);
  return {
    async handle(records, { deadlineMs }) {
      if (records.length === 0) return { batchItemFailures: [] };
      const shardId = shardOf(records);
      const run = new BatchRun(ports, options, {
        pacing,
        records,
        deadlineMs: deadlineMs - DEADLINE_RESERVE_MS,
      });
      const known = warmStates.get(shardId);
      warmStates.drop(shardId);
      const { warm, response } = await run.processAll(shardId, known);
      warmStates.keep(warm);
      return response;
    },
  };
}

class BatchRun {
  private readonly ports: RunPorts;
  private readonly options: TaskOptions;
  private readonly pacing: Pacing;
  private readonly records: readonly DeliveredRecord[];
  private readonly deadlineMs: number;
  /** Duplicates of this delivery that no commit has counted yet. */
  private duplicateCount = 0;

  constructor(
    ports: RunPorts,
    options: TaskOptions,
    delivery: {
      readonly pacing: Pacing;
      readonly records: readonly DeliveredRecord[];
      readonly deadlineMs: number;
    },
  ) {
    this.ports = ports;
    this.options = options;
    this.pacing = delivery.pacing;
    this.records = delivery.records;
    this.deadlineMs = delivery.deadlineMs;
  }

  async processAll(
    shardId: ShardId,
    known: WarmState | undefined,
  ): Promise<{ readonly warm: WarmState; readonly response: BatchResponse }> {
    let warm = known ?? (await this.learn(shardId));
    const decoded = decodeBatch(this.records, this.positionIn(warm));
    this.duplicateCount = decoded.duplicateCount;
    if (decoded.count === 0) return { warm, response: { batchItemFailures: [] } };
    let gap = await this.findGap(warm, decoded, 0);
    // Where others have committed meanwhile a stale state sees a gap: only the log can tell.
    if (gap !== null && known !== undefined) return this.processAll(shardId, undefined);
    this.acceptGap(warm, gap);
    warm = await this.freeSlot(warm);
    const first = decoded.positionOf(0);
    let pace = await this.pacing.start(warm, { first, pending: decoded.count });
    let from = 0;
    while (from < decoded.count) {
      if (this.ports.clock.nowMs() >= this.deadlineMs) {
        await this.pacing.survive(warm.log, pace);
        return { warm, response: this.unfinished(decoded, from) };
      }
      const attempt = await this.commitPrefix(
        { ...warm, coldNote: null },
        { decoded, from, pace, gap },
      );
      warm = attempt.warm;
      const next = firstAfter(decoded, from, this.positionIn(warm));
      if (!attempt.committed) this.duplicateCount += next - from;
      from = next;
      if (from === decoded.count) break;
      warm = await this.freeSlot(warm);
      pace = await this.pacing.next(pace, warm, decoded.positionOf(from));
      gap = attempt.committed ? null : await this.findGap(warm, decoded, from);
      this.acceptGap(warm, gap);
    }
    return { warm, response: { batchItemFailures: [] } };
  }

  private learn(shardId: ShardId): Promise<WarmState> {
    const { deadlineMs } = this;
    return learnCold(this.ports, this.options.identity, { shardId, deadlineMs });
  }

  /** Commits as much of the batch as one commit may hold, or learns who was first. */
  private async commitPrefix(
    warm: WarmState,
    prefix: {
      readonly decoded: DecodedBatch;
      readonly from: number;
      readonly pace: Pace;
      readonly gap: Gap | null;
    },
  ): Promise<{ readonly warm: WarmState; readonly committed: boolean }> {
    const number = nextNumber(warm);
    const { ports } = this;
    const batchTimeMs = asBatchTimeMs(ports.clock.nowMs());
    const { result, delta } = await this.runPlan(warm, { ...prefix, number, batchTimeMs });
    const commitId = ports.ids.commitId();
    const attempt = { log: warm.log, batchNumber: number, commitId };
    const outbox = await stageOutputs(ports.objects, result.outputs, attempt);
    const header = this.headerOf(warm, {
      ...attempt,
      batchTimeMs,
      result,
      gap: prefix.gap,
      count: result.recordCount,
    });
    const body = await this.storeBody(header, encodeCommitBody({ delta, outbox }));
    const commit: Commit = { header, body };
    const answer = await ports.commits.append(commit);
    if (answer.kind === 'refused') {
      const decision = decideRefusedAppend(header, answer.stored?.header ?? null);
      if (decision.kind === 'corrupt') {
        throw new EngineError('data', `${warm.log}: ${decision.why}`, { code: 'log-corrupt' });
      }
      if (decision.kind !== 'committed') {
        const learned = await this.learnWinner(warm, decision.kind, answer.stored!);
        return { warm: learned, committed: false };
      }
    }
    await publishOutbox(ports, { header, outbox }, this.deadlineMs);
    warm.state.adopt(result.draft);
    this.duplicateCount = 0;
    this.ports.logger.info('batch committed', {
      log: warm.log,
      batchNumber: number,
      watermarkMs: header.watermarkMs,
      ...header.counts,
    });
    return { warm: { ...warm, head: header }, committed: true };
  }

  /** Runs user code over the prefix; whether it returns or throws, the process has outlived it. */
  private async runPlan(
    warm: WarmState,
    prefix: Parameters<BatchRun['fitPrefix']>[1],
  ): Promise<ReturnType<BatchRun['fitPrefix']>> {
    try {
      return this.fitPrefix(warm, prefix);
    } finally {
      await this.pacing.survive(warm.log, prefix.pace);
    }
  }

  /** Runs the plan over the prefix, shortened until one commit can hold and publish what it gives. */
  private fitPrefix(
    warm: WarmState,
    prefix: {
      readonly decoded: DecodedBatch;
      readonly from: number;
      readonly pace: Pace;
      readonly number: number;
      readonly batchTimeMs: ReturnType<typeof asBatchTimeMs>;
    },
  ): {
    readonly result: BatchResult & { readonly recordCount: number };
    readonly delta: Uint8Array;
  } {
    const { decoded, from, pace, number, batchTimeMs } = prefix;
    const limits = {
      deltaBytesMax: DELTA_BYTES_MAX,
      tableRowsMax: TABLE_ROWS_MAX,
      ...this.options,
    };
    let setAside: BatchInput['setAside'] = pace.poison ? 'poison' : null;
    let to = Math.min(decoded.count, from + pace.recordsMax);
    let rowsBefore = Infinity;
    const origin = { source: this.options.identity.source, shardId: warm.shardId };
    for (;;) {
      const result = this.options.executable.processBatch({
        state: warm.state,
        decoded,
        from,
        to,
        originOf: () => origin,
        hashRange: warm.hashRange,
        watermarkMs: warm.head?.watermarkMs ?? null,
        floors: warm.head?.floors ?? FIRST_FLOORS,
        batchTimeMs,
        givenWatermarkMs: null,
        tables: new Map(),
        outputName: `${warm.incarnation}-${warm.shardId}-${(warm.head?.base ?? 0) + number}`,
        setAside,
      });
      const delta = result.draft.encodeDelta();
      const rows = singleRowCount(result.outputs);
      // Complete mode gives the whole table whatever the prefix: then a shorter one is no help.
      const isTooMany = rows > limits.tableRowsMax && rows < rowsBefore;
      if (to - from === 1 && setAside === null && delta.length > RECORD_DELTA_BYTES_MAX) {
        setAside = 'too-much-state';
      } else if (to - from === 1 || (delta.length <= limits.deltaBytesMax && !isTooMany)) {
        return { result: { ...result, recordCount: to - from }, delta };
      }
      rowsBefore = rows;
      to = from + Math.ceil((to - from) / 2);
    }
  }

  private headerOf(
    warm: WarmState,
    made: Pick<CommitHeader, 'log' | 'batchNumber' | 'commitId' | 'batchTimeMs' | 'gap'> & {
      readonly result: BatchResult;
      readonly count: number;
    },
  ): CommitHeader {
    const { result, count, ...attempt } = made;
    const { identity } = this.options;
    const { head } = warm;
    const { dead, late, filtered, applied } = result.counts;
    assert(
      dead + late + filtered + applied === count,
      `accounting: ${count} records, classes ${JSON.stringify(result.counts)}`,
    );
    return {
      ...attempt,
      formatVersion: COMMIT_FORMAT_VERSION,
      planHash: identity.planHash,
      codeHash: identity.codeHash,
      deployEpoch: identity.deployEpoch,
      previousCommitId: head?.commitId ?? null,
      ringSize: identity.ringSize,
      base: head?.base ?? 0,
      incarnation: warm.incarnation,
      positions: { ...head?.positions, [this.sourceKey(warm)]: result.lastPosition },
      firstPosition: result.firstPosition,
      arrival: result.arrival,
      watermarkMs: result.watermarkMs,
      floors: head?.floors ?? FIRST_FLOORS,
      counts: {
        in: this.duplicateCount + count,
        duplicate: this.duplicateCount,
        ...result.counts,
      },
      inputDigest: result.inputDigest,
      snapshot: warm.snapshot,
    };
  }

  private async storeBody(header: CommitHeader, bytes: Uint8Array): Promise<CommitBody> {
    if (bytes.length <= (this.options.inlineBodyBytesMax ?? INLINE_BODY_BYTES_MAX)) {
      return { kind: 'inline', bytes };
    }
    const key = objectKeys.body(header.log, header.batchNumber, header.commitId);
    await this.ports.objects.put({ key, bytes });
    return { kind: 'spilled', object: referenceTo(key, bytes) };
  }

  private async learnWinner(
    warm: WarmState,
    kind: 'fenced' | 'overtaken',
    winner: Commit,
  ): Promise<WarmState> {
    const { deadlineMs } = this;
    const learned =
      kind === 'fenced'
        ? await learnFromWinner(this.ports, this.options.identity, { warm, winner, deadlineMs })
        : 'overtaken';
    if (learned !== 'overtaken') return learned;
    return { ...(await this.learn(warm.shardId)), coldNote: null };
  }

  /** Makes sure that the next slot may be reused; folds the log itself when nobody else did. */
  private async freeSlot(warm: WarmState): Promise<WarmState> {
    const { ringSize } = this.options.identity;
    const next = nextNumber(warm);
    if (isSlotFree(next, { size: ringSize, coveredTo: warm.coveredTo })) return warm;
    const { pointer } = await this.ports.commits.readPointer(warm.log);
    let newest = pointer;
    if (!isSlotFree(next, { size: ringSize, coveredTo: coveredTo(newest) })) {
      const folded = await foldLog(this.ports, { log: warm.log, ringSize, copies: 2 });
      newest = folded?.pointer ?? (await this.ports.commits.readPointer(warm.log)).pointer;
    }
    if (newest === null || !isSlotFree(next, { size: ringSize, coveredTo: coveredTo(newest) })) {
      throw new EngineError(
        'unavailable',
        `${warm.log}: no checkpoint covers the slot of batch ${next}; check that the maintenance function runs`,
      );
    }
    return { ...warm, coveredTo: coveredTo(newest), snapshot: snapshotPointer(newest.newest) };
  }

  private findGap(warm: WarmState, decoded: DecodedBatch, index: number): Promise<Gap | null> {
    return findGap(this.ports, this.options, {
      warm,
      after: this.positionIn(warm),
      before: decoded.positionOf(index),
      arrivedAtMs: decoded.arrivedAtMs[index]!,
    });
  }

  private acceptGap({ log }: WarmState, gap: Gap | null): void {
    if (gap !== null) acceptGap(this.ports, this.options, { log, gap });
  }

  private unfinished(decoded: DecodedBatch, from: number): BatchResponse {
    const itemIdentifier = decoded.sequenceNumbers[from]!;
    return { batchItemFailures: [{ itemIdentifier }] };
  }

  private positionIn(warm: WarmState): Position | null {
    return warm.head?.positions[this.sourceKey(warm)] ?? null;
  }

  private sourceKey(warm: WarmState): string {
    return `${this.options.identity.source}/${warm.shardId}`;
  }
}

/** A first log has one floor over all key groups, and no watermark in it. */
const FIRST_FLOORS: CommitHeader['floors'] = [
  { firstKeyGroup: 0, lastKeyGroup: 255, watermarkMs: null },
];

const nextNumber = (warm: WarmState) => asBatchNumber((warm.head?.batchNumber ?? 0) + 1);

/** Rows that are published one by one and not as an object. */
function singleRowCount(outputs: readonly BatchOutput[]): number {
  const single = outputs.filter(({ target }) => target.kind !== 's3');
  return single.reduce((sum, { rowCount }) => sum + rowCount, 0);
}

/** Index of the first record from `from` on that lies after `position`. */
function firstAfter(decoded: DecodedBatch, from: number, position: Position | null): number {
  let index = from;
  if (position === null) return index;
  while (index < decoded.count && comparePositions(decoded.positionOf(index), position) <= 0) {
    index += 1;
  }
  return index;
}

/** The shard of a delivered batch, which never mixes shards. */
function shardOf(records: readonly DeliveredRecord[]): ShardId {
  const [shardId = ''] = records[0]!.eventID.split(':');
  const prefix = `${shardId}:`;
  for (const { eventID } of records) {
    if (!eventID.startsWith(prefix)) {
      throw new EngineError('internal', `a batch of ${shardId} holds a record of ${eventID}`);
    }
  }
  return asShardId(shardId);
}
