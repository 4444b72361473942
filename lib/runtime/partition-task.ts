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
import type { Commit, CommitBody, CommitHeader, Gap } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import { asBatchNumber, asBatchTimeMs, asShardId, type ShardId } from '../model/ids.ts';
import {
  DEADLINE_RESERVE_MS,
  DELTA_BYTES_MAX,
  INLINE_BODY_BYTES_MAX,
  WARM_STATE_BYTES_MAX,
} from '../model/limits.ts';
import { comparePositions, type DeliveredRecord, type Position } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { decideRefusedAppend } from '../protocol/append.ts';
import { coveredTo } from '../protocol/checkpoint.ts';
import { isNearRetention, isSuspiciouslyLate, needsRetention } from '../protocol/gap.ts';
import { continuePace, decidePace, FULL_PACE, type Pace, takeBack } from '../protocol/isolation.ts';
import { isSlotFree } from '../protocol/ring.ts';
import type { BatchResult, ExecutablePlan } from './batch.ts';
import { foldLog } from './checkpoint.ts';
import { encodeCommitBody } from './commit-body.ts';
import {
  COMMIT_FORMAT_VERSION,
  type LearnPorts,
  learnCold,
  learnFromWinner,
  snapshotPointer,
  type TaskIdentity,
} from './learn.ts';
import { referenceTo } from './manifest.ts';
import { publishOutbox, stageOutputs } from './publish.ts';
import { type WarmState, WarmStates } from './warm-states.ts';

export type TaskPorts = LearnPorts & { readonly clock: Clock; readonly ids: Ids };

export interface TaskOptions {
  readonly identity: TaskIdentity;
  readonly executable: ExecutablePlan;
  /** The mapping gives up on records older than this. */
  readonly recordAgeMaxMs: number;
  /** What to do when records left the stream unread: stop the shard, or commit the loss and go on. */
  readonly onGap: 'fail' | 'warn';
  /** @default 350 KB */
  readonly inlineBodyBytesMax?: number;
  /** @default 3 MB */
  readonly deltaBytesMax?: number;
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

export function createPartitionTask(ports: TaskPorts, options: TaskOptions): PartitionTask {
  const warmStates = new WarmStates(options.warmStateBytesMax ?? WARM_STATE_BYTES_MAX);
  return {
    async handle(records, { deadlineMs }) {
      if (records.length === 0) return { batchItemFailures: [] };
      const shardId = shardOf(records);
      const run = new BatchRun(ports, options, {
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
  private readonly ports: TaskPorts;
  private readonly options: TaskOptions;
  private readonly records: readonly DeliveredRecord[];
  private readonly deadlineMs: number;
  /** Duplicates of this delivery that no commit has counted yet. */
  private duplicateCount = 0;

  constructor(
    ports: TaskPorts,
    options: TaskOptions,
    delivery: { readonly records: readonly DeliveredRecord[]; readonly deadlineMs: number },
  ) {
    this.ports = ports;
    this.options = options;
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
    let pace = await this.startPace(warm, decoded.count);
    try {
      let from = 0;
      while (from < decoded.count) {
        if (this.ports.clock.nowMs() >= this.deadlineMs) {
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
        pace = await this.nextPace(pace, warm);
        gap = attempt.committed ? null : await this.findGap(warm, decoded, from);
      }
      return { warm, response: { batchItemFailures: [] } };
    } catch (error) {
      await this.takeBackNote(warm, pace);
      throw error;
    }
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
    const number = asBatchNumber((warm.head?.batchNumber ?? 0) + 1);
    const ready = await this.freeSlot(warm, number);
    const { ports } = this;
    const batchTimeMs = asBatchTimeMs(ports.clock.nowMs());
    const { result, delta } = this.runPlan(ready, { ...prefix, number, batchTimeMs });
    const commitId = ports.ids.commitId();
    const attempt = { log: ready.log, batchNumber: number, commitId };
    const outbox = await stageOutputs(ports.objects, result.outputs, attempt);
    const header = this.headerOf(ready, {
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
        throw new EngineError('data', `${ready.log}: ${decision.why}`, { code: 'log-corrupt' });
      }
      if (decision.kind !== 'committed') {
        return {
          warm: await this.learnWinner(ready, decision.kind, answer.stored!),
          committed: false,
        };
      }
    }
    await publishOutbox(ports, { header, outbox }, this.deadlineMs);
    ready.state.adopt(result.draft);
    this.duplicateCount = 0;
    this.ports.logger.info('batch committed', {
      log: ready.log,
      batchNumber: number,
      watermarkMs: header.watermarkMs,
      ...header.counts,
    });
    return { warm: { ...ready, head: header }, committed: true };
  }

  /** Runs the plan over the prefix, shortened until its delta fits one commit. */
  private runPlan(
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
    const deltaBytesMax = this.options.deltaBytesMax ?? DELTA_BYTES_MAX;
    let to = Math.min(decoded.count, from + pace.recordsMax);
    for (;;) {
      const result = this.options.executable.processBatch({
        state: warm.state,
        decoded,
        from,
        to,
        shardId: warm.shardId,
        hashRange: warm.hashRange,
        watermarkMs: warm.head?.watermarkMs ?? null,
        floors: warm.head?.floors ?? FIRST_FLOORS,
        batchTimeMs,
        outputName: `${warm.incarnation}-${warm.shardId}-${(warm.head?.base ?? 0) + number}`,
        poison: pace.poison,
      });
      const delta = result.draft.encodeDelta();
      if (delta.length <= deltaBytesMax || to - from === 1) {
        return { result: { ...result, recordCount: to - from }, delta };
      }
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

  /** Makes sure that the slot of `number` may be reused; folds the log itself when nobody else did. */
  private async freeSlot(warm: WarmState, number: number): Promise<WarmState> {
    const { ringSize } = this.options.identity;
    const next = asBatchNumber(number);
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
        `${warm.log}: no checkpoint covers the slot of batch ${number}; check that the maintenance function runs`,
      );
    }
    return { ...warm, coveredTo: coveredTo(newest), snapshot: snapshotPointer(newest.newest) };
  }

  /** An explicit loss, when the stream no longer holds what lies between the head and this batch. */
  private async findGap(
    warm: WarmState,
    decoded: DecodedBatch,
    index: number,
  ): Promise<Gap | null> {
    const after = this.positionIn(warm);
    const before = decoded.positionOf(index);
    if (after === null || before.sequenceNumber === after.sequenceNumber) return null;
    if (!(await this.isLateStart(warm, decoded.arrivedAtMs[index]!))) return null;
    const found = await this.ports.stream.firstAfter({
      shardId: warm.shardId,
      sequenceNumber: after.sequenceNumber,
    });
    if (found === before.sequenceNumber) return null;
    const gap = { after, before };
    const message = `${warm.log}: the stream holds ${found ?? 'nothing'} after ${after.sequenceNumber}, but ${before.sequenceNumber} was delivered`;
    if (this.options.onGap === 'fail') {
      throw new EngineError(
        'data',
        `${message}; set onGap to 'warn' to record the loss and go on`,
        {
          code: 'gap',
        },
      );
    }
    this.ports.logger.warn('records were lost before they were read', { log: warm.log });
    return gap;
  }

  private async isLateStart(warm: WarmState, arrivedAtMs: number): Promise<boolean> {
    const ageMs = this.ports.clock.nowMs() - arrivedAtMs;
    const quietMs = arrivedAtMs - (warm.head?.arrival?.lastMs ?? arrivedAtMs);
    const { recordAgeMaxMs } = this.options;
    if (isSuspiciouslyLate({ ageMs, quietMs, recordAgeMaxMs })) return true;
    if (!needsRetention(ageMs)) return false;
    const { retentionMs } = await this.ports.stream.describe();
    return isNearRetention(ageMs, retentionMs);
  }

  /** A cold start notes its attempt before user code runs; a warm one needs no note. */
  private async startPace(warm: WarmState, pending: number): Promise<Pace> {
    if (warm.coldNote === null) return FULL_PACE;
    const head = asBatchNumber(warm.head?.batchNumber ?? 0);
    return this.noted(warm, decidePace(warm.coldNote.found, { head, pending }));
  }

  private nextPace(pace: Pace, warm: WarmState): Promise<Pace> {
    return this.noted(warm, continuePace(pace, warm.head!.batchNumber));
  }

  private async noted(warm: WarmState, pace: Pace): Promise<Pace> {
    if (pace.note !== null) await this.ports.commits.noteAttempt({ ...pace.note, log: warm.log });
    return pace;
  }

  /** The process outlived the attempt, so whatever went wrong was no poison. */
  private async takeBackNote(warm: WarmState, pace: Pace): Promise<void> {
    if (pace.note === null || pace.note.head !== (warm.head?.batchNumber ?? 0)) return;
    try {
      await this.ports.commits.noteAttempt({ ...takeBack(pace.note), log: warm.log });
    } catch {
      this.ports.logger.warn('attempt could not be taken back', { log: warm.log });
    }
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
