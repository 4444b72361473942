// All that watches a run from outside. Every call is shown to it at the moment it is applied, every
// delivery and its acknowledgement when they happen, and at the end what is left.

import type { Commit, Pointer } from '../../model/commit.ts';
import type { LogId } from '../../model/ids.ts';
import { comparePositions, type DeliveredRecord } from '../../model/record.ts';
import type { RecordOrigin } from '../../runtime/batch.ts';
import { byShard, positionKeyOf } from '../../runtime/log-scope.ts';
import { type Deployment, LOG_TABLE } from '../world/deployment.ts';
import { digestOfInput } from '../world/input-digest.ts';
import type { Losses } from '../world/losses.ts';
import type { TracedCall } from '../world/network.ts';
import type { Run } from '../world/run.ts';
import type { SdkAnswer } from '../world/sdk-answers.ts';
import { rowTablesOf } from '../world/targets.ts';
import { AccountWatch } from './account-watch.ts';
import { CallWatch } from './call-watch.ts';
import { CheckpointWatch } from './checkpoint-watch.ts';
import { givenUpIn } from './given-up.ts';
import { Journal } from './journal.ts';
import { ENGINE_BUCKET, isRowTable, OUTPUT_BUCKET, SinkWatch } from './sink-watch.ts';
import { StorageWatch } from './storage-watch.ts';
import { checkTiling } from './tiling.ts';

const READS: ReadonlySet<string> = new Set(['GetItem', 'Query']);

export class Watchers {
  readonly journal: Journal;
  readonly sinks: SinkWatch;
  readonly checkpoints: CheckpointWatch;
  private readonly accounts: AccountWatch;
  readonly storage: StorageWatch;
  private readonly calls: CallWatch;
  private readonly run: Run;
  private readonly losses: Losses;
  private readonly deployment: Deployment;

  constructor(run: Run, deployment: Deployment, losses: Losses) {
    this.run = run;
    this.deployment = deployment;
    this.losses = losses;
    const isDestroyed = (key: string) => losses.destroyed.has(key);
    const report = (invariant: string, what: string) => run.report(invariant, what);
    const nowMs = () => run.scheduler.nowMs;
    this.sinks = new SinkWatch({
      cloud: run.cloud,
      report,
      nowMs,
      tables: rowTablesOf(run.pipeline),
    });
    const storedObject = (key: string) => this.sinks.object(ENGINE_BUCKET, key);
    this.journal = new Journal({ report, storedObject });
    const { journal } = this;
    this.checkpoints = new CheckpointWatch({ journal, report, storedObject, isDestroyed });
    this.storage = new StorageWatch({ journal, report, cloud: run.cloud, nowMs, storedObject });
    this.accounts = new AccountWatch(report);
    this.calls = new CallWatch({
      report,
      headOf: (reader) => this.headOf(reader),
      coveredTo: (reader) => this.coveredTo(reader),
      ringSize: run.scenario.ringSize,
      listsAgain: run.pipeline.inOneTask && run.scenario.resharding === true,
      keepsAll: run.scenario.task?.warmStateBytesMax === undefined,
    });
  }

  /** The log that reads a shard, once it has a commit. */
  logOf(shardId: string): LogId | undefined {
    return this.logReadBy(this.readerOf(shardId));
  }

  /** A sandbox was handed a batch. */
  delivered(sandboxId: number, records: readonly DeliveredRecord[]): void {
    this.accounts.delivered(sandboxId, records);
    const shard = this.originOf(records);
    this.calls.delivered(sandboxId, this.readerOf(shard.shardId), positionKeyOf(shard));
  }

  /** A sandbox is to run a batch without records for the log of a shard, or for the one of all. */
  ticked(sandboxId: number, shard: RecordOrigin | null): void {
    const name = shard === null ? '' : positionKeyOf(shard);
    this.calls.delivered(sandboxId, this.readerOf(shard?.shardId ?? ''), name);
  }

  /** It did so. */
  endedTick(sandboxId: number): void {
    this.calls.returned(sandboxId);
  }

  /** A call of a sandbox is on its way. */
  sent(call: TracedCall): void {
    this.calls.sent(call);
  }

  /** A call of a sandbox was applied. */
  applied(call: TracedCall, answer: SdkAnswer): void {
    const { operation, input, index, sandbox } = call;
    const outcome = answer.kind === 'error' ? answer.error.name : 'ok';
    const sent = `${operation} ${targetOf(input)} ${digestOfInput(input)}`;
    this.run.note(`apply ${index} by ${sandbox.id} ${sent} ${outcome}`);
    this.run.reached.applied(call, answer);
    this.calls.applied(call, answer);
    if (answer.kind === 'error') return;
    const {
      TableName: table,
      Item: item,
      Bucket: bucket,
      Key: key,
    } = input as {
      TableName?: string;
      Item?: Parameters<Journal['append']>[0];
      Bucket?: string;
      Key?: string;
    };
    if (operation === 'PutItem' && table === LOG_TABLE) this.committed(item!, sandbox.id);
    if (operation === 'UpdateItem' && table === LOG_TABLE) this.updated(input, sandbox.id);
    if (READS.has(operation) && table === LOG_TABLE && input['ConsistentRead'] !== true) {
      this.run.report('I8', `${operation} of the log may give what is no longer true`);
    }
    if (operation === 'PutItem' && isRowTable(table)) this.sinks.rowPut(item!, this.journal);
    if ((operation === 'PutObject' || operation === 'CopyObject') && bucket === OUTPUT_BUCKET) {
      this.sinks.objectPut(key!);
    }
  }

  /** A task returned: what it acknowledges is committed, whoever committed it. */
  returned(
    sandboxId: number,
    records: readonly DeliveredRecord[],
    response: { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] },
  ): void {
    this.calls.returned(sandboxId);
    const failed = response.batchItemFailures[0]?.itemIdentifier;
    const end = failed === undefined ? records.length : indexOf(records, failed);
    const last = records[end - 1];
    if (last === undefined) return;
    const shard = this.originOf(records);
    const log = this.logOf(shard.shardId);
    const head = log === undefined ? undefined : this.journal.headOf(log);
    const position = head?.commit.header.positions[positionKeyOf(shard)];
    const { sequenceNumber } = last.kinesis;
    const acknowledged = { sequenceNumber, subSequenceNumber: 0 } as NonNullable<typeof position>;
    if (position === undefined || comparePositions(position, acknowledged) < 0) {
      const name = positionKeyOf(shard);
      this.run.report('I1', `${name}: records were acknowledged that no commit covers`);
    }
  }

  /**
   * What must hold when everything is over. A log that lost a commit stopped for good: all that is
   * demanded of others holds up to its head, which nobody can publish any more.
   */
  checkAtEnd(): void {
    const { deployment } = this;
    const open = new Map(
      [...this.losses.logs].map((log) => {
        const { base, batchNumber } = this.journal.headOf(log)!.commit.header;
        return [log as string, base + batchNumber];
      }),
    );
    this.sinks.checkAll(({ log, n }) => open.get(log) === n);
    this.checkpoints.checkAll();
    const { cloud, scheduler } = this.run;
    const givenUp = givenUpIn(cloud, scheduler.nowMs);
    for (const shard of deployment.shards) {
      const log = this.logOf(shard.shardId);
      const entries = log === undefined ? [] : this.journal.entriesOf(log);
      checkTiling(this.run, {
        shardId: shard.shardId,
        records: deployment.recordsOf(shard),
        entries: entries.filter((entry) => entry.shard === positionKeyOf(shard)),
        givenUp: givenUp.filter((batch) => batch.shardId === shard.shardId),
        isStopped: open.has(log ?? ''),
      });
    }
  }

  /** The last part of a log's id. */
  private readerOf(shardId: string): string {
    return this.run.pipeline.inOneTask ? '*' : shardId;
  }

  private logReadBy(reader: string): LogId | undefined {
    return this.journal.logIds.find((id) => id.endsWith(`/${reader}`));
  }

  /** The one shard of a delivery. */
  private originOf(records: readonly DeliveredRecord[]): RecordOrigin {
    return byShard(this.deployment.sources, records)[0]!.origin;
  }

  private headOf(reader: string): number {
    const log = this.logReadBy(reader);
    return log === undefined ? 0 : this.journal.entriesOf(log).length;
  }

  private coveredTo(reader: string): number {
    const log = this.logReadBy(reader);
    const pointer = log === undefined ? undefined : this.checkpoints.pointerOf(log);
    return pointer?.previous?.batchNumber ?? 0;
  }

  private updated(input: TracedCall['input'], sandboxId: number): void {
    const { Key: key, ExpressionAttributeValues: values } = input as {
      Key: { pk: { S: LogId } };
      ExpressionAttributeValues: { ':to'?: { S: string } };
    };
    const to = values[':to'];
    if (to === undefined) return;
    const pointer = JSON.parse(to.S) as Pointer;
    this.checkpoints.moved(key.pk.S, pointer);
    this.storage.moved(sandboxId, key.pk.S, pointer);
  }

  private committed(item: Parameters<Journal['append']>[0], sandboxId: number): void {
    const log = this.journal.logIds.find((id) => id === item['pk']?.S);
    const previous = log === undefined ? undefined : this.journal.headOf(log);
    if (previous !== undefined && this.losses.logs.has(log!) && isBehind(item, previous.commit)) {
      // A slot that its table has forgotten takes the commit of a late rival: nothing is promised then.
      this.run.reached.count('hole filled by a late rival');
      this.run.isForfeit = true;
      return;
    }
    const entry = this.journal.append(item);
    if (entry === undefined) return;
    this.run.reached.committed(entry.commit);
    this.sinks.committed(entry, previous);
    this.checkpoints.committed(entry);
    this.accounts.committed(sandboxId, entry);
  }
}

const isBehind = (item: Parameters<Journal['append']>[0], { header }: Commit) =>
  Number(item['n']?.N) <= header.batchNumber;

const indexOf = (records: readonly DeliveredRecord[], sequenceNumber: string) =>
  records.findIndex(({ kinesis }) => kinesis.sequenceNumber === sequenceNumber);

/** What a call is about, in a few characters. */
function targetOf(input: TracedCall['input']): string {
  const { TableName, Key, Bucket, Item } = input as {
    TableName?: string;
    Key?: unknown;
    Bucket?: string;
    Item?: Record<string, { N?: string; S?: string }>;
  };
  const place = TableName ?? Bucket ?? '';
  const number = Item?.['n']?.N ?? Item?.['_n']?.N;
  return [place, typeof Key === 'string' ? Key : '', number ?? '']
    .filter((part) => part !== '')
    .join(' ');
}
