// One invocation = one batch: of one shard, or, where shards share a log, of any of them; a tick is a
// batch without records. Order of writes: staged outputs and a spilled body
// (objects no one sees), then the commit, the single conditional write that moves state and position
// together, then publication, then adoption as warm state. A crash before the commit leaves only
// objects that nothing names; a crash after it leaves a head whose outbox the next task publishes
// again. A refused commit throws the draft away: the winner's delta is folded instead and the records
// it covers are dropped by position. Any error drops the warm state, so nothing uncommitted survives.

import { objectKeys } from '../contract/keys.ts';
import type { Commit, CommitBody, CommitHeader, Gap } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import { asBatchNumber, asBatchTimeMs } from '../model/ids.ts';
import {
  DEADLINE_RESERVE_MS,
  INLINE_BODY_BYTES_MAX,
  WARM_STATE_BYTES_MAX,
} from '../model/limits.ts';
import type { DeliveredRecord } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { decideRefusedAppend } from '../protocol/append.ts';
import { coveredTo } from '../protocol/checkpoint.ts';
import { isSlotFree } from '../protocol/ring.ts';
import { decodeDelta } from '../state/delta.ts';
import type { ExecutablePlan, RecordOrigin } from './batch.ts';
import { type BatchFunctions, createBatchFunctions } from './batch-functions.ts';
import { foldLog } from './checkpoint.ts';
import { encodeCommitBody } from './commit-body.ts';
import { headerOf } from './commit-header.ts';
import { type Delivery, deliver, EMPTY_DELIVERY, firstOfShards } from './delivery.ts';
import { acceptGap, findGap, type GapPolicy } from './find-gap.ts';
import { type CommitLimits, type FittingPrefix, fitPrefix, type Prefix } from './fit-prefix.ts';
import {
  type LearnPorts,
  learnCold,
  learnFromWinner,
  snapshotPointer,
  type TaskIdentity,
} from './learn.ts';
import { byShard, type LogScope, positionKeyOf, type ShardRecords, scopeOf } from './log-scope.ts';
import { referenceTo } from './manifest.ts';
import { type NotedPace, Pacing } from './pacing.ts';
import { publishOutbox, stageOutputs } from './publish.ts';
import { type WarmState, WarmStates } from './warm-states.ts';

/** What a task is given; the functions of its sinks come from its plan. */
export type TaskPorts = Omit<LearnPorts, 'functions'> & {
  readonly clock: Clock;
  readonly ids: Ids;
};

type RunPorts = TaskPorts & { readonly functions: BatchFunctions };

export interface TaskOptions extends GapPolicy, CommitLimits {
  readonly identity: TaskIdentity;
  readonly executable: ExecutablePlan;
  /** @default 350 KB */
  readonly inlineBodyBytesMax?: number;
  /** @default 256 MB */
  readonly warmStateBytesMax?: number;
}

/** Lambda's answer for a stream batch: empty, or the first record of each shard that is not wholly committed. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface PartitionTask {
  /**
   * Processes one delivered batch; `deadlineMs` is when Lambda ends the invocation. Records of several
   * shards are one batch where all shards share a log, shard after shard in the order in which they come.
   *
   * @throws EngineError `internal` for records of several shards that have a log each.
   */
  handle(
    records: readonly DeliveredRecord[],
    invocation: { readonly deadlineMs: number },
  ): Promise<BatchResponse>;
  /**
   * Commits a batch without records, so that what waits for time moves on; one that changes nothing is
   * not committed. `watermarkMs` holds as if every source had come so far. `shard` names the log where
   * each shard has its own.
   */
  tick(invocation: {
    readonly deadlineMs: number;
    readonly watermarkMs?: number;
    readonly shard?: RecordOrigin;
  }): Promise<void>;
}

export function createPartitionTask(given: TaskPorts, options: TaskOptions): PartitionTask {
  const functions = createBatchFunctions(options.executable.plan, given.clock);
  const ports: RunPorts = { ...given, functions };
  const { identity } = options;
  const pacing = new Pacing(ports, identity);
  const warmStates = new WarmStates(options.warmStateBytesMax ?? WARM_STATE_BYTES_MAX);
  const runUntil = (deadlineMs: number, records: readonly ShardRecords[]) =>
    new BatchRun(ports, options, {
      pacing,
      records,
      deadlineMs: deadlineMs - DEADLINE_RESERVE_MS,
    });
  const take = (log: WarmState['log']) => {
    const known = warmStates.get(log);
    warmStates.drop(log);
    return known;
  };
  return {
    async handle(records, { deadlineMs }) {
      const shards = byShard(identity.sources, records);
      const [first, second] = shards;
      if (first === undefined) return ALL_TAKEN;
      if (second !== undefined && !identity.inOneTask) throw mixed(first, second);
      const scope = scopeOf(identity, first.origin);
      const known = take(scope.log);
      const { warm, response } = await runUntil(deadlineMs, shards).processAll(scope, known);
      warmStates.keep(warm);
      return response;
    },

    async tick({ deadlineMs, watermarkMs = null, shard = null }) {
      const scope = scopeOf(identity, shard);
      const known = take(scope.log);
      warmStates.keep(await runUntil(deadlineMs, []).tick(scope, { known, watermarkMs }));
    },
  };
}

const ALL_TAKEN: BatchResponse = { batchItemFailures: [] };

/** What one commit is made of: a part of a batch, or no record at all. */
type Attempt = Pick<Prefix, 'delivery' | 'from' | 'end' | 'givenWatermarkMs'> & {
  readonly pace: NotedPace;
  readonly gap: Gap | null;
};

/** How an attempt ended. Only a batch without records can be one that changed nothing. */
interface Outcome {
  readonly kind: 'committed' | 'overruled' | 'unchanged';
  readonly warm: WarmState;
  /** One past the last record committed. */
  readonly to: number;
}

class BatchRun {
  private readonly ports: RunPorts;
  private readonly options: TaskOptions;
  private readonly pacing: Pacing;
  private readonly records: readonly ShardRecords[];
  private readonly deadlineMs: number;
  /** Records of this delivery that commits of this run have counted. */
  private countedCount = 0;
  /** Duplicates of this delivery that no commit has counted yet. */
  private duplicateCount = 0;

  constructor(
    ports: RunPorts,
    options: TaskOptions,
    delivery: {
      readonly pacing: Pacing;
      readonly records: readonly ShardRecords[];
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
    scope: LogScope,
    known: WarmState | undefined,
  ): Promise<{ readonly warm: WarmState; readonly response: BatchResponse }> {
    let warm = known ?? (await this.learn(scope));
    let delivery = this.deliver(warm);
    if (delivery.decoded.count === 0) return { warm, response: ALL_TAKEN };
    let gaps = await this.findGaps(warm, delivery);
    // Where others have committed meanwhile a stale state sees a gap: only the log can tell.
    if (gaps.size > 0 && known !== undefined) return this.processAll(scope, undefined);
    this.acceptGaps(warm, gaps);
    warm = await this.freeSlot(warm);
    let pace = await this.pacing.start(warm, delivery);
    let from = 0;
    while (from < delivery.decoded.count) {
      if (this.isTimeUp()) {
        await this.pacing.survive(pace);
        return { warm, response: unfinished(delivery, from) };
      }
      const begun = new Set([...warm.begun, ...this.shardKeys()]);
      const attempt = await this.commitPrefix(
        { ...warm, begun },
        {
          delivery,
          from,
          // A commit names one gap, before its first record: the next one begins another commit.
          end: Math.min(delivery.decoded.count, ...[...gaps.keys()].filter((at) => at > from)),
          pace,
          gap: gaps.get(from) ?? null,
          givenWatermarkMs: null,
        },
      );
      warm = attempt.warm;
      from = attempt.to;
      if (attempt.kind === 'overruled') {
        delivery = this.deliver(warm);
        from = 0;
      }
      if (from === delivery.decoded.count) break;
      warm = await this.freeSlot(warm);
      pace = await this.pacing.next(pace, warm, { ...delivery, from });
      if (attempt.kind !== 'overruled') continue;
      gaps = await this.findGaps(warm, delivery);
      this.acceptGaps(warm, gaps);
    }
    return { warm, response: ALL_TAKEN };
  }

  /** Commits a batch without records, on whichever head it finds, unless it would change nothing. */
  async tick(
    scope: LogScope,
    at: { readonly known: WarmState | undefined; readonly watermarkMs: number | null },
  ): Promise<WarmState> {
    let warm = at.known ?? (await this.learn(scope));
    while (!this.isTimeUp()) {
      warm = await this.freeSlot(warm);
      const attempt = await this.commitPrefix(warm, {
        delivery: EMPTY_DELIVERY,
        from: 0,
        end: 0,
        pace: this.pacing.free(warm),
        gap: null,
        givenWatermarkMs: at.watermarkMs,
      });
      warm = attempt.warm;
      if (attempt.kind !== 'overruled') break;
    }
    return warm;
  }

  private learn(scope: LogScope): Promise<WarmState> {
    const { deadlineMs } = this;
    return learnCold(this.ports, this.options.identity, { scope, deadlineMs });
  }

  private isTimeUp(): boolean {
    return this.ports.clock.nowMs() >= this.deadlineMs;
  }

  /** What of this delivery the head does not cover. */
  private deliver(warm: WarmState): Delivery {
    const delivery = deliver(this.records, warm.head?.positions ?? {});
    this.duplicateCount = delivery.decoded.duplicateCount - this.countedCount;
    return delivery;
  }

  private shardKeys(): readonly string[] {
    return this.records.map(({ origin }) => positionKeyOf(origin));
  }

  /** Commits as much of the batch as one commit may hold, or learns who was first. */
  private async commitPrefix(warm: WarmState, attempt: Attempt): Promise<Outcome> {
    const number = nextNumber(warm);
    const { ports } = this;
    const batchTimeMs = asBatchTimeMs(Math.max(ports.clock.nowMs(), warm.head?.batchTimeMs ?? 0));
    const { result, delta, to } = await this.runPlan(warm, { ...attempt, number, batchTimeMs });
    if (to === 0 && isUnchanged(warm, { result, delta })) return { kind: 'unchanged', warm, to };
    const commitId = ports.ids.commitId();
    const named = { log: warm.log, batchNumber: number, commitId };
    const outbox = await stageOutputs(ports.objects, result.outputs, named);
    const header = headerOf(this.options.identity, warm, {
      attempt: { ...named, batchTimeMs, gap: attempt.gap },
      taken: { ...attempt, to, result, duplicateCount: this.duplicateCount },
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
        return { kind: 'overruled', warm: learned, to: attempt.from };
      }
    }
    await publishOutbox(ports, { header, outbox }, this.deadlineMs);
    warm.state.adopt(result.draft);
    this.countedCount += header.counts.in;
    this.duplicateCount = 0;
    this.ports.logger.info('batch committed', {
      log: warm.log,
      batchNumber: number,
      watermarkMs: header.watermarkMs,
      ...header.counts,
    });
    return { kind: 'committed', warm: { ...warm, head: header }, to };
  }

  /** Runs user code over the prefix; whether it returns or throws, the process has outlived it. */
  private async runPlan(
    warm: WarmState,
    prefix: Omit<Prefix, 'tables'> & { readonly pace: NotedPace },
  ): Promise<FittingPrefix> {
    const { executable } = this.options;
    try {
      return fitPrefix(executable, warm, { ...prefix, tables: new Map(), limits: this.options });
    } finally {
      await this.pacing.survive(prefix.pace);
    }
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
    return { ...(await this.learn(warm)), begun: warm.begun };
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

  /** Gaps before the first new record of each shard, by its index in the batch. */
  private async findGaps(
    { head }: WarmState,
    { decoded, shards }: Delivery,
  ): Promise<ReadonlyMap<number, Gap>> {
    const gaps = new Map<number, Gap>();
    for (const { origin, from } of shards) {
      const gap = await findGap(this.ports, this.options, {
        head,
        origin,
        after: head?.positions[positionKeyOf(origin)] ?? null,
        before: decoded.positionOf(from),
        arrivedAtMs: decoded.arrivedAtMs[from]!,
      });
      if (gap !== null) gaps.set(from, gap);
    }
    return gaps;
  }

  private acceptGaps({ log }: WarmState, gaps: ReadonlyMap<number, Gap>): void {
    for (const gap of gaps.values()) acceptGap(this.ports, this.options, { log, gap });
  }
}

const nextNumber = (warm: WarmState) => asBatchNumber((warm.head?.batchNumber ?? 0) + 1);

/** Whether a commit would say nothing that the head does not say. */
function isUnchanged(
  { head }: WarmState,
  { result, delta }: Pick<FittingPrefix, 'result' | 'delta'>,
): boolean {
  return (
    result.outputs.length === 0 &&
    result.watermarkMs === (head?.watermarkMs ?? null) &&
    decodeDelta(delta).length === 0
  );
}

function unfinished(delivery: Delivery, from: number): BatchResponse {
  const batchItemFailures = firstOfShards(delivery, from).map((itemIdentifier) => ({
    itemIdentifier,
  }));
  return { batchItemFailures };
}

/** Lambda never mixes shards, so each of them could be told how far it has come. */
function mixed(first: ShardRecords, second: ShardRecords): EngineError {
  const [shard, other] = [first, second].map(({ origin }) => positionKeyOf(origin));
  return new EngineError('internal', `a batch of ${shard} holds a record of ${other}`);
}
