// The sandboxes of a run and what is deployed in them: the engine's task with its adapters and the
// SDK's clients, in one process each.

import { createDynamoDbCommitLog } from '../../adapters/aws/dynamodb-commit-log.ts';
import { createKinesisSourceStream } from '../../adapters/aws/kinesis-source-stream.ts';
import { createS3ObjectStore } from '../../adapters/aws/s3-object-store.ts';
import { createDynamoDbTablePublisher } from '../../adapters/aws/sinks/dynamodb-table-publisher.ts';
import { createS3ObjectPublisher } from '../../adapters/aws/sinks/s3-object-publisher.ts';
import type { SinkTargets } from '../../contract/environment.ts';
import { SINGLE_STAGE } from '../../contract/keys.ts';
import { asCommitId } from '../../model/ids.ts';
import { isKeyed } from '../../plan/plan.ts';
import type { ExecutablePlan } from '../../runtime/batch.ts';
import { createPartitionTask } from '../../runtime/partition-task.ts';
import { compilePlan } from '../../runtime/process-batch.ts';
import type { Chance } from '../faults/chance.ts';
import type { InvocationFaultKind } from '../faults/fault-plan.ts';
import { stateDigestOf } from '../watch/journal.ts';
import { ENGINE_BUCKET } from '../watch/sink-watch.ts';
import type { Watchers } from '../watch/watchers.ts';
import { type Deployment, LOG_TABLE } from './deployment.ts';
import type { Network } from './network.ts';
import { DAY_MS, MINUTE_MS, type Run } from './run.ts';
import { Sandbox } from './sandbox.ts';
import type { Process } from './scenario.ts';
import { targetsOf } from './targets.ts';

export class Sandboxes {
  private readonly run: Run;
  private readonly deployment: Deployment;
  private readonly network: Network;
  private readonly watchers: Watchers;
  private readonly targets: SinkTargets;
  private all: Sandbox[] = [];
  private count = 0;
  private idCount = 0;

  constructor(options: {
    readonly run: Run;
    readonly deployment: Deployment;
    readonly network: Network;
    readonly watchers: Watchers;
  }) {
    this.run = options.run;
    this.deployment = options.deployment;
    this.network = options.network;
    this.watchers = options.watchers;
    this.targets = targetsOf(this.run.pipeline);
  }

  /** The sandbox that runs an invocation of a version; `struck` is told when the fault decides it. */
  sandboxFor(
    version: number,
    {
      fault,
      chance,
      struck,
    }: {
      readonly fault: InvocationFaultKind | undefined;
      readonly chance: Chance;
      readonly struck: () => void;
    },
  ): Sandbox {
    const idle = this.all.filter((one) => one.isIdle && one.version === version);
    if (idle.length === 0) return this.newSandbox(version, chance);
    if (fault === 'cold') {
      struck();
      return this.newSandbox(version, chance);
    }
    if (fault !== 'stalest') return chance.pick(idle);
    if (idle.length > 1) struck();
    return idle.reduce((left, right) => (left.idleSinceMs <= right.idleSinceMs ? left : right));
  }

  /** Any idle sandbox, of an older version, too; or a new one. */
  otherFor(version: number, chance: Chance): Sandbox {
    const idle = this.all.filter((one) => one.isIdle);
    const isNew = idle.length === 0 || chance.percent(30);
    return isNew ? this.newSandbox(version, chance) : chance.pick(idle);
  }

  /** The process of one run of maintenance. */
  forMaintenance(chance: Chance): Sandbox {
    // Maintenance tells by a clock what is old, so that its clock is sometimes wrong by years.
    const isYearsOff = !this.run.calm && chance.percent(15);
    const skewMs = isYearsOff
      ? chance.pick([-1, 1]) * chance.between(1, 10) * 365 * DAY_MS
      : this.skewMs(chance);
    return this.create(this.deployment.version, skewMs);
  }

  /** Ends all of them and says whether any was alive. */
  killAll(): boolean {
    return this.all.filter((sandbox) => sandbox.die()).length > 0;
  }

  /** Ends the idle ones and says whether there were any. */
  recycle(): boolean {
    return this.all.filter((sandbox) => sandbox.isIdle && sandbox.die()).length > 0;
  }

  portsOf(sandbox: Sandbox) {
    const clients = this.network.clientsOf(sandbox);
    const { clock } = sandbox;
    const { reached } = this.run;
    return {
      commits: createDynamoDbCommitLog(clients.dynamodb, LOG_TABLE),
      objects: createS3ObjectStore(clients.s3, ENGINE_BUCKET),
      tables: createDynamoDbTablePublisher(clients.dynamodb, clock),
      files: createS3ObjectPublisher(clients.s3, ENGINE_BUCKET, clock),
      streams: new Map(
        [...this.deployment.sources].map(([arn, source]) => [
          source,
          createKinesisSourceStream(clients.kinesis, arn),
        ]),
      ),
      clock,
      ids: {
        commitId: () => {
          this.idCount += 1;
          return asCommitId(`id-${String(this.idCount).padStart(19, '0')}`);
        },
      },
      logger: {
        info: (message: string) => reached.logged(message),
        warn: (message: string, fields: object) => {
          reached.logged(message);
          this.run.note(`warn ${message} ${JSON.stringify(fields)}`);
        },
      },
    };
  }

  private skewMs(chance: Chance): number {
    return this.run.calm || chance.percent(70) ? 0 : chance.between(-15, 15) * MINUTE_MS;
  }

  private create(version: number, skewMs: number): Sandbox {
    const { scheduler } = this.run;
    const sandbox = new Sandbox({ id: this.count, version, skewMs, scheduler });
    this.count += 1;
    return sandbox;
  }

  /** What user code in a sandbox may do. */
  private processOf(sandbox: Sandbox): Process {
    return {
      end: () => {
        sandbox.die();
        this.run.reached.count('process ended by user code');
        throw new Error('the process of this sandbox has ended');
      },
      dynamodb: this.network.clientsOf(sandbox).dynamodb,
    };
  }

  private newSandbox(version: number, chance: Chance): Sandbox {
    const { pipeline, scenario } = this.run;
    const sandbox = this.create(version, this.skewMs(chance));
    const plan = scenario.plan(this.processOf(sandbox));
    const executable = compilePlan(this.watchers.sinks.handovers.watched(plan), this.targets);
    sandbox.task = createPartitionTask(this.portsOf(sandbox), {
      ...scenario.task,
      identity: {
        pipeline: pipeline.name,
        stage: SINGLE_STAGE,
        sources: this.deployment.sources,
        inOneTask: pipeline.inOneTask,
        planHash: pipeline.hash,
        isKeyed: isKeyed(pipeline),
        codeHash: `code-${version}`,
        deployEpoch: version,
        ringSize: scenario.ringSize,
      },
      executable: this.watched(executable),
      recordAgeMaxMs: this.deployment.recordAgeMaxMs,
      onGap: scenario.task?.onGap ?? 'fail',
    });
    this.all = this.all.filter((one) => !one.isDead);
    this.all.push(sandbox);
    return sandbox;
  }

  /** Checks that the state a batch starts from is the one that the log's deltas give. */
  private watched(executable: ExecutablePlan): ExecutablePlan {
    const { journal } = this.watchers;
    return {
      plan: executable.plan,
      countState: (input) => executable.countState(input),
      processBatch: (input) => {
        const [, shardId = '', digits] = /^[^-]*-(.*)-(\d+)$/.exec(input.outputName) ?? [];
        const number = Number(digits);
        const log = this.watchers.logOf(shardId);
        const expected = log === undefined ? undefined : journal.stateDigestAt(log, number - 1);
        if (expected !== undefined && stateDigestOf(input.state) !== expected) {
          this.run.report(
            'I8',
            `${log} batch ${number} starts from another state than its log gives`,
          );
        }
        if (input.setAside === 'poison') this.run.reached.count('poison set aside');
        const pass = () => executable.processBatch(input);
        const { surroundings } = this.run.scenario;
        return surroundings === undefined ? pass() : surroundings.pass(input, pass);
      },
    };
  }
}
