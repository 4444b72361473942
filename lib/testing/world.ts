// A whole deployment in virtual time: stream, mapping, function with its versions and sandboxes,
// commit log, buckets, result table, and the faults of one plan. It runs in two phases: one with
// faults, then one without in which everything must come to its end.

import { createDynamoDbCommitLog } from '../adapters/aws/dynamodb-commit-log.ts';
import { createKinesisSourceStream } from '../adapters/aws/kinesis-source-stream.ts';
import { createS3ObjectStore } from '../adapters/aws/s3-object-store.ts';
import { createDynamoDbTablePublisher } from '../adapters/aws/sinks/dynamodb-table-publisher.ts';
import { createS3ObjectPublisher } from '../adapters/aws/sinks/s3-object-publisher.ts';
import { quiet } from '../adapters/system/quiet.ts';
import { type Cloud, createCloud } from '../cloud/cloud.ts';
import type { Invocation, Outcome } from '../cloud/lambda/invocation.ts';
import type { SinkTargets } from '../contract/environment.ts';
import { SINGLE_STAGE } from '../contract/keys.ts';
import type { Commit, Pointer } from '../model/commit.ts';
import { EngineError } from '../model/errors.ts';
import { asCommitId, type LogId, type ShardId } from '../model/ids.ts';
import { RECORD_AGE_MAX_S } from '../model/limits.ts';
import { comparePositions, type DeliveredRecord } from '../model/record.ts';
import { isKeyed, type Plan, sourceOf } from '../plan/plan.ts';
import type { ExecutablePlan } from '../runtime/batch.ts';
import { maintain } from '../runtime/maintenance.ts';
import { createPartitionTask } from '../runtime/partition-task.ts';
import { compilePlan } from '../runtime/process-batch.ts';
import { AccountWatch, placesOf, textOf } from './account-watch.ts';
import { type Chance, chanceOf } from './chance.ts';
import { CheckpointWatch } from './checkpoint-watch.ts';
import type { FaultPlan, InvocationFaultKind, WorldFaultKind } from './fault-plan.ts';
import { FaultSelection, type Strike } from './fault-selection.ts';
import { Journal, positionOf, stateDigestOf } from './journal.ts';
import { Network, type TracedCall } from './network.ts';
import { type Reached, ReachedStates } from './reached-states.ts';
import { Sandbox } from './sandbox.ts';
import type { Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import type { SdkAnswer } from './sdk-answers.ts';
import { ENGINE_BUCKET, isRowTable, OUTPUT_BUCKET, SinkWatch } from './sink-watch.ts';
import { rowTablesOf, targetsOf } from './targets.ts';

const DEFAULT_START_MS = Date.UTC(2026, 0, 1);
const STREAM = 'events';
const LOG_TABLE = 'log';
const FUNCTION = 'partition-task';
const TIMEOUT_MS = 60_000;
const MINUTE_MS = 60_000;
/** A moved alias is moved everywhere after this time. */
const ALIAS_MOVES_MS = 2 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Everything that is pending when faults end must be done within this time. */
const CONVERGENCE_MS = 12 * 60 * MINUTE_MS;
const INVOCATIONS_MAX = 2_000;
/** A log that has lost a commit is tried again for ever, so that less time is given to its run. */
const LOST_CONVERGENCE_MS = 2 * 60 * MINUTE_MS;

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

/** What a run came to. */
export interface RunResult {
  readonly violations: readonly Violation[];
  /** One line for everything that happened, in order. */
  readonly trace: readonly string[];
  readonly callCount: number;
  readonly invocationCount: number;
  readonly reached: Reached;
  /** Faults that struck: `operation × kind`, each with its number. */
  readonly struck: ReadonlyMap<string, number>;
  /** The same one by one, in the order in which they struck. */
  readonly strikes: readonly Strike[];
  readonly world: World;
}

/** Runs a scenario under a fault plan, to its end. */
export async function runScenario(scenario: Scenario, plan: FaultPlan): Promise<RunResult> {
  const world = new World(scenario, plan);
  await world.run();
  return world.result();
}

export class World {
  readonly scenario: Scenario;
  readonly pipeline: Plan;
  readonly journal: Journal;
  readonly sinks: SinkWatch;
  private readonly checkpoints: CheckpointWatch;
  private readonly accounts: AccountWatch;
  readonly cloud: Cloud;
  readonly startMs: number;
  private readonly faults: FaultSelection;
  private readonly chance: Chance;
  private readonly scheduler: Scheduler;
  private readonly network: Network;
  private readonly violations: Violation[] = [];
  private readonly trace: string[] = [];
  private readonly reached = new ReachedStates();
  private readonly targets: SinkTargets;
  private readonly streamArn: string;
  private sandboxes: Sandbox[] = [];
  private sandboxCount = 0;
  private idCount = 0;
  private version = 1;
  private movedMs = -Infinity;
  /** The sandbox whose code runs right now; user code can end it. */
  private running: Sandbox | null = null;
  private invocationCount = 0;
  private readonly inFlight = new Set<string>();
  private maintenanceRuns = 0;
  private downUntilMs = 0;
  private sinksDownUntilMs = 0;
  private noPutsUntilMs = 0;
  private wakeAtMs = Infinity;
  /** Whether mappings may have something new to do. */
  private serviceChanged = true;
  private calm = false;
  private readonly destroyed = new Set<string>();
  /** Logs that a fault has made unreadable. */
  private readonly lost = new Set<LogId>();

  constructor(scenario: Scenario, plan: FaultPlan) {
    this.scenario = scenario;
    this.startMs = scenario.startMs ?? DEFAULT_START_MS;
    this.faults = new FaultSelection(plan);
    this.chance = chanceOf(plan.seed, 'world');
    this.scheduler = new Scheduler({
      startMs: this.startMs,
      chance: chanceOf(plan.seed, 'order'),
      quiet,
    });
    const { scheduler } = this;
    this.cloud = createCloud({
      seed: plan.seed,
      retryBoundaries: this.chance.percent(50) ? 'varied' : 'same',
      // Hours of failures would otherwise be thousands of retries.
      retryDelayMaxMs: this.isSlowToRetry ? 300_000 : this.chance.pick([1_000, 30_000]),
      readLagMs: this.chance.percent(50) ? () => this.chance.below(MINUTE_MS) : () => 0,
    });
    this.pipeline = scenario.plan({ end: () => this.endRunning() });
    this.network = new Network({
      seed: plan.seed,
      scheduler,
      cloud: this.cloud,
      faultOf: (call) => (this.calm ? undefined : this.faults.ofCall(call)),
      isDown: (call) => this.isDown(call),
      onApplied: (call, answer) => this.applied(call, answer),
      slowPercent: this.chance.pick([0, 5, 30]),
    });
    const report = (invariant: string, what: string) => this.report(invariant, what);
    const nowMs = () => scheduler.nowMs;
    const tables = rowTablesOf(this.pipeline);
    this.sinks = new SinkWatch({ cloud: this.cloud, report, nowMs, tables });
    const storedObject = (key: string) => this.sinks.object(ENGINE_BUCKET, key);
    this.journal = new Journal({ report, storedObject });
    this.checkpoints = new CheckpointWatch({
      journal: this.journal,
      report,
      storedObject,
      isDestroyed: (key) => this.destroyed.has(key),
    });
    this.accounts = new AccountWatch(report);
    this.targets = targetsOf(this.pipeline);
    this.streamArn = this.deploy();
    for (const arrival of scenario.arrivals) {
      scheduler.at(this.startMs + arrival.atMs, () => this.put(arrival.partitionKey, arrival.data));
    }
    for (const { atMs, kind } of plan.world) {
      scheduler.at(this.startMs + atMs, () => this.strike(kind));
    }
    const everyMs = scenario.maintenanceEveryMs ?? Infinity;
    for (let atMs = everyMs; atMs < this.lastMs; atMs += everyMs) {
      scheduler.at(this.startMs + atMs, () => void this.startMaintenance());
    }
  }

  private get isSlowToRetry(): boolean {
    return this.scenario.longOutages === true || this.scenario.losingCommits === true;
  }

  /** The last record or fault, from the start of the run. */
  private get lastMs(): number {
    return Math.max(
      0,
      ...this.scenario.arrivals.map(({ atMs }) => atMs),
      ...this.faults.plan.world.map(({ atMs }) => atMs),
    );
  }

  /** Logs that have lost a commit; of their outputs nothing is demanded but that they stay right. */
  get lostLogs(): ReadonlySet<LogId> {
    return this.lost;
  }

  async run(): Promise<void> {
    await this.advance(this.startMs + this.lastMs + 5 * MINUTE_MS);
    this.calm = true;
    this.downUntilMs = this.scheduler.nowMs;
    this.sinksDownUntilMs = this.scheduler.nowMs;
    this.noPutsUntilMs = this.scheduler.nowMs;
    this.note('calm');
    for (const { partitionKey, data } of this.scenario.closing ?? []) this.put(partitionKey, data);
    await this.advance(
      this.scheduler.nowMs + (this.lost.size > 0 ? LOST_CONVERGENCE_MS : CONVERGENCE_MS),
    );
    if (this.lost.size === 0 && !this.isDrained()) {
      this.report('I10', 'records are still pending hours after all faults');
    }
    await this.maintainAtEnd();
    if (this.violations.length === 0) this.checkAtEnd();
  }

  result(): RunResult {
    return {
      violations: this.violations,
      trace: this.trace,
      callCount: this.network.callCount,
      invocationCount: this.invocationCount,
      reached: this.reached.counts,
      struck: this.faults.struck,
      strikes: this.faults.strikes,
      world: this,
    };
  }

  /** Every record that the stream took, by shard, in the order of the log. */
  recordsOf(
    shardId: string,
  ): readonly { sequenceNumber: string; data: Uint8Array; arrivalMs: number }[] {
    const { ShardIterator: first } = this.call('kinesis', 'GetShardIterator', {
      StreamName: STREAM,
      ShardId: shardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }) as { ShardIterator: string };
    const { Records: records } = this.call('kinesis', 'GetRecords', {
      StreamName: STREAM,
      ShardIterator: first,
    }) as {
      Records: { SequenceNumber: string; Data: Uint8Array; ApproximateArrivalTimestamp: number }[];
    };
    return records.map((record) => ({
      sequenceNumber: record.SequenceNumber,
      data: record.Data,
      arrivalMs: record.ApproximateArrivalTimestamp,
    }));
  }

  get shardIds(): readonly string[] {
    const { Shards: shards } = this.call('kinesis', 'ListShards', { StreamName: STREAM }) as {
      Shards: { ShardId: string }[];
    };
    return shards.map(({ ShardId }) => ShardId);
  }

  /** The commits of the log that reads a shard, in order. */
  commitsOf(shardId: string): readonly Commit[] {
    const log = this.journal.logIds.find((id) => id.endsWith(`/${shardId}`));
    return log === undefined ? [] : this.journal.entriesOf(log).map(({ commit }) => commit);
  }

  /** Lets everything happen that is due before `untilMs`, or that follows from it. */
  private async advance(untilMs: number): Promise<void> {
    for (;;) {
      this.startDue();
      const nextMs = this.scheduler.nextMs();
      if (nextMs === null || nextMs > untilMs) break;
      // What follows from a broken invariant says nothing about the others.
      if (this.violations.length > 0) break;
      if (this.invocationCount > INVOCATIONS_MAX) {
        this.report('I10', `more than ${INVOCATIONS_MAX} invocations`);
        break;
      }
      await this.scheduler.step();
    }
    this.scheduler.nowMs = Math.max(this.scheduler.nowMs, untilMs);
  }

  private deploy(): string {
    const { shardCount, batchSize } = this.scenario;
    this.call('kinesis', 'CreateStream', { StreamName: STREAM, ShardCount: shardCount });
    this.call('kinesis', 'IncreaseStreamRetentionPeriod', {
      StreamName: STREAM,
      // The longest there is: a run is judged by the records of its stream when all of it is over.
      RetentionPeriodHours: 8_760,
    });
    const rowTables = rowTablesOf(this.pipeline);
    for (const TableName of [LOG_TABLE, ...rowTables]) {
      const type = TableName === LOG_TABLE ? 'N' : 'S';
      this.call('dynamodb', 'CreateTable', {
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: type },
        ],
      });
    }
    for (const Bucket of [ENGINE_BUCKET, OUTPUT_BUCKET])
      this.call('s3', 'CreateBucket', { Bucket });
    this.call('lambda', 'CreateFunction', {
      FunctionName: FUNCTION,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/task',
      Code: { ZipFile: Uint8Array.of(1) },
      Publish: true,
    });
    this.call('lambda', 'CreateAlias', {
      FunctionName: FUNCTION,
      Name: 'live',
      FunctionVersion: '1',
    });
    const { StreamDescriptionSummary: stream } = this.call('kinesis', 'DescribeStreamSummary', {
      StreamName: STREAM,
    }) as { StreamDescriptionSummary: { StreamARN: string } };
    this.call('lambda', 'CreateEventSourceMapping', {
      FunctionName: `${FUNCTION}:live`,
      EventSourceArn: stream.StreamARN,
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: batchSize,
      MaximumBatchingWindowInSeconds: 1,
      ParallelizationFactor: 1,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: this.recordAgeMaxMs / 1_000,
      BisectBatchOnFunctionError: false,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: `arn:aws:s3:::${ENGINE_BUCKET}` } },
    });
    return stream.StreamARN;
  }

  private get recordAgeMaxMs(): number {
    return this.scenario.task?.recordAgeMaxMs ?? RECORD_AGE_MAX_S * 1_000;
  }

  private put(PartitionKey: string, Data: Uint8Array): void {
    this.call('kinesis', 'PutRecord', { StreamName: STREAM, PartitionKey, Data });
    this.serviceChanged = true;
  }

  /** Starts what the service wants to invoke now, and wakes up when it wants more. */
  private startDue(): void {
    const { scheduler, cloud } = this;
    while (this.serviceChanged || this.wakeAtMs <= scheduler.nowMs) {
      this.serviceChanged = false;
      for (const invocation of cloud.due(scheduler.nowMs)) this.start(invocation);
      this.wakeAtMs = cloud.nextDueMs(scheduler.nowMs) ?? Infinity;
      if (this.wakeAtMs < Infinity) scheduler.at(this.wakeAtMs, () => undefined);
    }
  }

  private start(invocation: Invocation): void {
    const ordinal = this.invocationCount;
    this.invocationCount += 1;
    const fault = this.calm ? undefined : this.faults.ofInvocation(ordinal);
    const chance = chanceOf(this.faults.plan.seed, 'invocation', ordinal);
    this.note(`invoke ${ordinal} ${shardOf(invocation)} ${fault ?? ''}`);
    if (fault === 'not-started') {
      this.settle(invocation, { kind: 'not-started' });
      return;
    }
    const { Records: records } = JSON.parse(invocation.payload()) as { Records: DeliveredRecord[] };
    const version = this.versionFor(invocation, chance);
    let settled = false;
    const settle = (outcome: Outcome) => {
      if (settled) return;
      settled = true;
      this.settle(invocation, outcome);
    };
    this.inFlight.add(invocation.id);
    const sandbox = this.sandboxFor(version, fault, chance);
    this.deliver(sandbox, { records, ordinal, fault, chance }, settle);
    if (fault === 'forsaken') {
      this.scheduler.after(chance.below(2_000), () => settle({ kind: 'failed' }));
    }
    if (fault !== 'twice' && fault !== 'again') return;
    const delayMs = fault === 'twice' ? chance.below(200) : chance.between(1_000, 10 * MINUTE_MS);
    this.scheduler.after(delayMs, () => {
      const other = this.anySandbox(chance) ?? this.newSandbox(version, chance);
      this.deliver(other, { records, ordinal, fault: undefined, chance }, () => undefined);
    });
  }

  private deliver(
    sandbox: Sandbox,
    event: {
      readonly records: readonly DeliveredRecord[];
      readonly ordinal: number;
      readonly fault: InvocationFaultKind | undefined;
      readonly chance: Chance;
    },
    settle: (outcome: Outcome) => void,
  ): void {
    const { scheduler } = this;
    const { records, ordinal, fault, chance } = event;
    sandbox.busy = true;
    this.accounts.delivered(sandbox.id, records);
    const timeoutMs = fault === 'short' ? chance.between(2_050, 4_000) : TIMEOUT_MS;
    let ended = false;
    const end = (outcome: Outcome) => {
      if (ended) return;
      ended = true;
      this.note(`end ${ordinal} in ${sandbox.id} ${outcome.kind}`);
      settle(outcome);
    };
    const timeout = scheduler.after(timeoutMs, () => {
      if (!sandbox.isFrozen) sandbox.die();
      end({ kind: 'failed' });
    });
    if (fault === 'clock-jump') {
      const byMs = chance.pick([-15 * MINUTE_MS, 15 * MINUTE_MS, 3_650 * DAY_MS]);
      scheduler.after(chance.below(100), () => sandbox.jumpClock(byMs));
    }
    const finish = (outcome: Outcome) => {
      if (sandbox.isDead) return;
      sandbox.busy = false;
      sandbox.idleSinceMs = scheduler.nowMs;
      timeout();
      end(outcome);
    };
    const deadlineMs = sandbox.clock.nowMs() + timeoutMs;
    const handle = () => sandbox.task!.handle(records, { deadlineMs });
    const { surroundings } = this.scenario;
    const handled =
      surroundings === undefined ? handle() : surroundings.invocation(sandbox, handle);
    handled.then(
      (response) => {
        if (!sandbox.isDead) this.checkAcknowledged(records, response);
        finish({ kind: 'returned', response });
      },
      (error: unknown) => {
        if (!sandbox.isDead) this.checkError(error);
        finish({ kind: 'failed' });
      },
    );
    // A sandbox that user code ended takes its invocation along; the service notices at once.
    if (sandbox.isDead) end({ kind: 'failed' });
    else scheduler.after(0, () => void (sandbox.isDead && end({ kind: 'failed' })));
  }

  private settle(invocation: Invocation, outcome: Outcome): void {
    this.inFlight.delete(invocation.id);
    this.cloud.settle(invocation.id, outcome, this.scheduler.nowMs);
    this.serviceChanged = true;
  }

  /** A moved alias is not moved everywhere at once: some invocations still go to the version before. */
  private versionFor(invocation: Invocation, chance: Chance): number {
    const isMoving = !this.calm && this.scheduler.nowMs < this.movedMs + ALIAS_MOVES_MS;
    return isMoving && chance.percent(40) ? this.version - 1 : Number(invocation.version);
  }

  private sandboxFor(
    version: number,
    fault: InvocationFaultKind | undefined,
    chance: Chance,
  ): Sandbox {
    const idle = this.sandboxes.filter((one) => one.isIdle && one.version === version);
    if (fault === 'cold' || idle.length === 0) return this.newSandbox(version, chance);
    if (fault !== 'stalest') return chance.pick(idle);
    return idle.reduce((left, right) => (left.idleSinceMs <= right.idleSinceMs ? left : right));
  }

  /** Any idle sandbox, of an older version, too. */
  private anySandbox(chance: Chance): Sandbox | undefined {
    const idle = this.sandboxes.filter((one) => one.isIdle);
    return idle.length === 0 || chance.percent(30) ? undefined : chance.pick(idle);
  }

  private newSandbox(version: number, chance: Chance): Sandbox {
    const sandbox = new Sandbox({
      id: this.sandboxCount,
      version,
      skewMs: this.calm || chance.percent(70) ? 0 : chance.between(-15, 15) * MINUTE_MS,
      scheduler: this.scheduler,
    });
    this.sandboxCount += 1;
    const executable = compilePlan(this.pipeline, this.targets);
    sandbox.task = createPartitionTask(this.portsOf(sandbox), {
      ...this.scenario.task,
      identity: {
        pipeline: this.pipeline.name,
        stage: SINGLE_STAGE,
        source: sourceOf(this.pipeline).name,
        planHash: this.pipeline.hash,
        isKeyed: isKeyed(this.pipeline),
        codeHash: `code-${version}`,
        deployEpoch: version,
        ringSize: this.scenario.ringSize,
      },
      executable: this.watched(executable, sandbox),
      recordAgeMaxMs: this.recordAgeMaxMs,
      onGap: this.scenario.task?.onGap ?? 'fail',
    });
    this.sandboxes = this.sandboxes.filter((one) => !one.isDead);
    this.sandboxes.push(sandbox);
    return sandbox;
  }

  private portsOf(sandbox: Sandbox) {
    const clients = this.network.clientsOf(sandbox);
    const { clock } = sandbox;
    return {
      commits: createDynamoDbCommitLog(clients.dynamodb, LOG_TABLE),
      objects: createS3ObjectStore(clients.s3, ENGINE_BUCKET),
      tables: createDynamoDbTablePublisher(clients.dynamodb, clock),
      files: createS3ObjectPublisher(clients.s3, ENGINE_BUCKET, clock),
      stream: createKinesisSourceStream(clients.kinesis, this.streamArn),
      clock,
      ids: {
        commitId: () => {
          this.idCount += 1;
          return asCommitId(`id-${String(this.idCount).padStart(19, '0')}`);
        },
      },
      logger: {
        info: (message: string) => this.reached.logged(message),
        warn: (message: string, fields: object) => {
          this.reached.logged(message);
          this.note(`warn ${message} ${JSON.stringify(fields)}`);
        },
      },
    };
  }

  /** Checks that the state a batch starts from is the one that the log's deltas give. */
  private watched(executable: ExecutablePlan, sandbox: Sandbox): ExecutablePlan {
    return {
      plan: executable.plan,
      processBatch: (input) => {
        const number = Number(input.outputName.slice(input.outputName.lastIndexOf('-') + 1));
        const log = this.journal.logIds.find((id) => id.endsWith(`/${input.shardId}`));
        const expected =
          log === undefined ? undefined : this.journal.stateDigestAt(log, number - 1);
        if (expected !== undefined && stateDigestOf(input.state) !== expected) {
          this.report('I8', `${log} batch ${number} starts from another state than its log gives`);
        }
        this.running = sandbox;
        const pass = () => executable.processBatch(input);
        const { surroundings } = this.scenario;
        try {
          return surroundings === undefined ? pass() : surroundings.pass(input, pass);
        } finally {
          this.running = null;
        }
      },
    };
  }

  private endRunning(): never {
    this.running?.die();
    this.reached.count('process ended by user code');
    throw new Error('the process of this sandbox has ended');
  }

  private strike(kind: WorldFaultKind): void {
    this.note(`strike ${kind}`);
    this.serviceChanged = true;
    this.faults.ofWorld(kind);
    switch (kind) {
      case 'maintain':
        this.startMaintenance();
        return;
      case 'maintain-twice':
        this.startMaintenance();
        this.startMaintenance();
        return;
      case 'kill-all':
        for (const sandbox of this.sandboxes) sandbox.die();
        this.cloud.abandon();
        this.inFlight.clear();
        return;
      case 'recycle':
        for (const sandbox of this.sandboxes) if (sandbox.isIdle) sandbox.die();
        return;
      case 'deploy':
        this.deployAgain();
        return;
      case 'destroy-checkpoint':
        this.destroyCheckpoint();
        return;
      case 'outage':
        this.downUntilMs = this.scheduler.nowMs + this.outageMs();
        return;
      case 'sink-outage':
        this.sinksDownUntilMs = this.scheduler.nowMs + this.outageMs();
        return;
      case 'no-puts':
        this.noPutsUntilMs = this.scheduler.nowMs + this.outageMs();
        return;
      case 'lose-commit':
        if (this.scenario.losingCommits === true) this.loseCommit();
        return;
      case 'reshard':
        if (this.scenario.resharding === true) this.reshard();
    }
  }

  private isDown({ operation, input }: TracedCall): boolean {
    const { nowMs } = this.scheduler;
    const isSink = isRowTable(input['TableName']) || input['Bucket'] === OUTPUT_BUCKET;
    return (
      nowMs < this.downUntilMs ||
      (isSink && nowMs < this.sinksDownUntilMs) ||
      (PUTS.has(operation) && nowMs < this.noPutsUntilMs)
    );
  }

  private outageMs(): number {
    const minutes = this.scenario.longOutages === true ? [20, 120] : [1, 5];
    return this.chance.between(minutes[0]!, minutes[1]!) * MINUTE_MS;
  }

  private startMaintenance(): Promise<void> {
    this.maintenanceRuns += 1;
    const chance = chanceOf(this.faults.plan.seed, 'maintenance', this.maintenanceRuns);
    const sandbox = new Sandbox({
      id: this.sandboxCount,
      version: this.version,
      skewMs: 0,
      scheduler: this.scheduler,
    });
    this.sandboxCount += 1;
    const of = {
      pipeline: this.pipeline.name,
      stage: SINGLE_STAGE,
      source: sourceOf(this.pipeline).name,
      ringSize: this.scenario.ringSize,
    };
    this.scheduler.after(chance.between(5 * MINUTE_MS, 15 * MINUTE_MS), () => sandbox.die());
    return maintain(this.portsOf(sandbox), of).then(
      () => undefined,
      (error: unknown) => {
        if (!sandbox.isDead) this.checkError(error);
      },
    );
  }

  private deployAgain(): void {
    const code = {
      FunctionName: FUNCTION,
      ZipFile: Uint8Array.of(this.version + 1),
      Publish: true,
    };
    const { Version: version } = this.call('lambda', 'UpdateFunctionCode', code) as {
      Version: string;
    };
    this.version = Number(version);
    this.call('lambda', 'UpdateAlias', {
      FunctionName: FUNCTION,
      Name: 'live',
      FunctionVersion: version,
    });
    this.movedMs = this.scheduler.nowMs;
  }

  /** The newest checkpoint loses an object, where an older one can still serve. */
  private destroyCheckpoint(): void {
    for (const log of this.journal.logIds) {
      const pointer = this.checkpoints.pointerOf(log);
      if (pointer === undefined || pointer.previous === null) continue;
      const { key: Key } = pointer.newest.manifest;
      this.destroyed.add(Key);
      this.call('s3', 'DeleteObject', { Bucket: ENGINE_BUCKET, Key });
      return;
    }
  }

  /** One of the commits between the newest checkpoint and the head; what comes last is not missed. */
  private loseCommit(): void {
    for (const log of this.journal.logIds) {
      const head = this.journal.headOf(log)!.commit.header;
      const first = Math.max(1, this.checkpoints.pointerOf(log)?.newest.batchNumber ?? 1);
      if (first >= head.batchNumber || this.lost.has(log)) continue;
      const slot = this.chance.between(first, head.batchNumber - 1) % head.ringSize;
      this.lost.add(log);
      this.call('dynamodb', 'DeleteItem', {
        TableName: LOG_TABLE,
        Key: { pk: { S: log }, sk: { N: String(slot) } },
      });
      return;
    }
  }

  private reshard(): void {
    const { Shards: shards } = this.call('kinesis', 'ListShards', {
      StreamName: STREAM,
      ShardFilter: { Type: 'AT_LATEST' },
    }) as { Shards: { ShardId: string }[] };
    const TargetShardCount = shards.length === 1 ? 2 : 1;
    this.call('kinesis', 'UpdateShardCount', {
      StreamName: STREAM,
      TargetShardCount,
      ScalingType: 'UNIFORM_SCALING',
    });
  }

  /** Maintenance at leisure, then again when objects are old enough to be removed. */
  private async maintainAtEnd(): Promise<void> {
    for (let day = 0; day < 2; day += 1) {
      void this.startMaintenance();
      await this.advance(this.scheduler.nowMs + DAY_MS + MINUTE_MS);
    }
  }

  private isDrained(): boolean {
    return this.inFlight.size === 0 && this.cloud.nextDueMs(this.scheduler.nowMs) === null;
  }

  private applied(call: TracedCall, answer: SdkAnswer): void {
    const { operation, input, index, sandbox } = call;
    const outcome = answer.kind === 'error' ? answer.error.name : 'ok';
    this.note(`apply ${index} by ${sandbox.id} ${operation} ${targetOf(input)} ${outcome}`);
    this.reached.applied(call, answer);
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
    if (operation === 'PutItem' && table === LOG_TABLE) this.committed(item!, sandbox);
    if (operation === 'UpdateItem' && table === LOG_TABLE) this.updated(input);
    if (READS.has(operation) && table === LOG_TABLE && input['ConsistentRead'] !== true) {
      this.report('I8', `${operation} of the log may give what is no longer true`);
    }
    if (operation === 'PutItem' && isRowTable(table)) this.sinks.rowPut(item!, this.journal);
    if ((operation === 'PutObject' || operation === 'CopyObject') && bucket === OUTPUT_BUCKET) {
      this.sinks.objectPut(key!);
    }
  }

  private updated(input: TracedCall['input']): void {
    const { Key: key, ExpressionAttributeValues: values } = input as {
      Key: { pk: { S: LogId } };
      ExpressionAttributeValues: { ':to'?: { S: string } };
    };
    const to = values[':to'];
    if (to !== undefined) this.checkpoints.moved(key.pk.S, JSON.parse(to.S) as Pointer);
  }

  private committed(item: Parameters<Journal['append']>[0], sandbox: Sandbox): void {
    const log = this.journal.logIds.find((id) => id === item['pk']?.S);
    const previous = log === undefined ? undefined : this.journal.headOf(log);
    const entry = this.journal.append(item);
    if (entry === undefined) return;
    this.reached.committed(entry.commit);
    this.sinks.committed(entry, previous);
    this.checkpoints.committed(entry);
    this.accounts.committed(sandbox.id, entry.commit);
  }

  /** What is acknowledged is committed, whoever committed it. */
  private checkAcknowledged(
    records: readonly DeliveredRecord[],
    response: { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] },
  ): void {
    const failed = response.batchItemFailures[0]?.itemIdentifier;
    const end = failed === undefined ? records.length : indexOf(records, failed);
    const last = records[end - 1];
    if (last === undefined) return;
    const shardId = last.eventID.split(':')[0] as ShardId;
    const log = this.journal.logIds.find((id) => id.endsWith(`/${shardId}`));
    const head = log === undefined ? undefined : this.journal.headOf(log);
    const position = head === undefined ? undefined : positionOf(head.commit);
    const { sequenceNumber } = last.kinesis;
    const acknowledged = { sequenceNumber, subSequenceNumber: 0 } as NonNullable<typeof position>;
    if (position === undefined || comparePositions(position, acknowledged) < 0) {
      this.report('I1', `${shardId}: records were acknowledged that no commit covers`);
    }
  }

  /** An invocation may fail only for a reason that the faults explain. */
  private checkError(error: unknown): void {
    this.note(`error ${String(error)}`);
    if (!(error instanceof EngineError)) {
      this.report(
        'I12',
        `an untyped error: ${error instanceof Error ? error.stack : String(error)}`,
      );
      return;
    }
    const { kind, code, message } = error;
    if (kind === 'unavailable') return;
    const isDamage = code === 'object-corrupt' || code === 'object-missing';
    if (kind === 'data' && isDamage && (this.destroyed.size > 0 || this.faults.hasDamaged)) return;
    if (code === 'log-corrupt' && [...this.lost].some((log) => message.includes(log))) {
      this.reached.count('hole in a log refused');
      return;
    }
    if (kind === 'invalid' && code === 'AccessDeniedException' && this.faults.hasDenied) return;
    if (kind === 'invalid' && code === 'older-deploy' && this.version > 1) {
      this.reached.count('older deploy refused');
      return;
    }
    this.report('I12', `${kind}: ${message}`);
  }

  private checkAtEnd(): void {
    if (this.lost.size > 0) return;
    this.sinks.checkAll();
    this.checkpoints.checkAll();
    for (const shardId of this.shardIds) this.checkTiling(shardId);
  }

  /** Every record of the shard is in exactly one committed range, or in a gap that a commit names. */
  private checkTiling(shardId: string): void {
    const places = this.placesIn(shardId);
    const log = this.journal.logIds.find((id) => id.endsWith(`/${shardId}`));
    const entries = log === undefined ? [] : this.journal.entriesOf(log);
    let next = 0;
    for (const { commit } of entries) {
      const { firstPosition, gap } = commit.header;
      if (firstPosition === null) continue;
      const first = places.get(textOf(firstPosition)) ?? -1;
      const last = places.get(textOf(positionOf(commit)!)) ?? -1;
      if (first > next && gap === null) {
        this.report(
          'I1',
          `${shardId}: ${first - next} records before batch ${commit.header.batchNumber} are in no commit`,
        );
      }
      if (gap?.kind === 'lost') this.reached.count('lost records recorded');
      next = Math.max(next, last + 1);
    }
    if (next < places.size) {
      this.report('I1', `${shardId}: the last ${places.size - next} records are in no commit`);
    }
  }

  /** Place of each record of a shard in its log, packed records opened. */
  private placesIn(shardId: string): ReadonlyMap<string, number> {
    const delivered = this.recordsOf(shardId).map(
      ({ sequenceNumber, data, arrivalMs }): DeliveredRecord => ({
        kinesis: {
          sequenceNumber,
          partitionKey: '',
          data: Buffer.from(data).toString('base64'),
          approximateArrivalTimestamp: arrivalMs / 1_000,
        },
        eventID: `${shardId}:${sequenceNumber}`,
        eventSourceARN: this.streamArn,
      }),
    );
    return placesOf(delivered);
  }

  private report(invariant: string, what: string): void {
    this.violations.push({ invariant, what });
    this.note(`violation ${invariant} ${what}`);
  }

  private note(what: string): void {
    this.trace.push(`${this.scheduler.nowMs - this.startMs} ${what}`);
  }

  private call(
    service: 'kinesis' | 'dynamodb' | 's3' | 'lambda',
    operation: string,
    input: object,
  ): object {
    return this.cloud.call(service, operation, input, this.scheduler.nowMs);
  }
}

const PUTS: ReadonlySet<string> = new Set(['PutItem', 'PutObject', 'CopyObject']);
const READS: ReadonlySet<string> = new Set(['GetItem', 'Query']);

const shardOf = ({ trigger }: Invocation) =>
  trigger.kind === 'stream' ? `${trigger.shardId} +${trigger.recordCount}` : '';

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
