// The run of one batch. Order of writes: staged outputs and a spilled body
// (objects no one sees), then the commit, the single conditional write that moves state and position
// together, then publication, then adoption as warm state. A crash before the commit leaves only
// objects that nothing names; a crash after it leaves a head whose outbox the next task publishes
// again. A refused commit throws the draft away: the winner's delta is folded instead and the records
// it covers are dropped by position.

import { objectKeys } from '../contract/keys.ts';
import type { Commit, CommitBody, CommitHeader, Gap } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import { asBatchTimeMs } from '../model/ids.ts';
import { INLINE_BODY_BYTES_MAX } from '../model/limits.ts';
import { decideRefusedAppend } from '../protocol/append.ts';
import { decodeDelta } from '../state/delta.ts';
import type { BatchFunctions } from './batch-functions.ts';
import { encodeCommitBody } from './commit-body.ts';
import { headerOf } from './commit-header.ts';
import { type Delivery, deliver, EMPTY_DELIVERY, firstOfShards } from './delivery.ts';
import { acceptGap, findGap } from './find-gap.ts';
import { type FittingPrefix, fitPrefix, type Prefix } from './fit-prefix.ts';
import { freeSlot, nextNumber } from './free-slot.ts';
import { learnCold, learnFromWinner } from './learn.ts';
import { type LogScope, positionKeyOf, type ShardRecords } from './log-scope.ts';
import { referenceTo } from './manifest.ts';
import type { NotedPace, Pacing } from './pacing.ts';
import { publishOutbox, stageOutputs } from './publish.ts';
import type { BatchTables, StaticTables } from './static-tables.ts';
import { ALL_TAKEN, type BatchResponse, type TaskOptions, type TaskPorts } from './task-options.ts';
import type { WarmState } from './warm-states.ts';

type RunPorts = TaskPorts & { readonly functions: BatchFunctions };

/** What one commit is made of: a part of a batch, or no record at all. */
type Attempt = Pick<Prefix, 'delivery' | 'from' | 'end' | 'givenWatermarkMs'> & {
  readonly pace: NotedPace;
  readonly gap: Gap | null;
  readonly tables: BatchTables;
};

/** How an attempt ended. Only a batch without records can be one that changed nothing. */
interface Outcome {
  readonly kind: 'committed' | 'overruled' | 'unchanged';
  readonly warm: WarmState;
  /** One past the last record committed. */
  readonly to: number;
}

/** One batch from its first look at the log to its answer. */
export class BatchRun {
  private readonly ports: RunPorts;
  private readonly options: TaskOptions;
  private readonly pacing: Pacing;
  private readonly tables: StaticTables;
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
      readonly tables: StaticTables;
      readonly records: readonly ShardRecords[];
      readonly deadlineMs: number;
    },
  ) {
    this.ports = ports;
    this.options = options;
    this.pacing = delivery.pacing;
    this.tables = delivery.tables;
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
    // Read before an attempt is noted: no record is to blame for a table.
    let tables = await this.tables.current();
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
          tables,
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
      tables = await this.tables.current();
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
        tables: await this.tables.current(),
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
    const prefix = { ...attempt, number, batchTimeMs, tables: attempt.tables.rows };
    const { result, delta, to } = await this.runPlan(warm, prefix);
    if (to === 0 && isUnchanged(warm, { result, delta })) return { kind: 'unchanged', warm, to };
    const commitId = ports.ids.commitId();
    const named = { log: warm.log, batchNumber: number, commitId };
    const outbox = await stageOutputs(ports.objects, result.outputs, named);
    const header = headerOf(this.options.identity, warm, {
      attempt: { ...named, batchTimeMs, gap: attempt.gap },
      taken: {
        ...attempt,
        to,
        result,
        tables: attempt.tables.versions,
        duplicateCount: this.duplicateCount,
      },
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
    prefix: Prefix & { readonly pace: NotedPace },
  ): Promise<FittingPrefix> {
    const { executable } = this.options;
    try {
      return fitPrefix(executable, warm, { ...prefix, limits: this.options });
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

  private freeSlot(warm: WarmState): Promise<WarmState> {
    return freeSlot(this.ports, this.options.identity.ringSize, warm);
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
