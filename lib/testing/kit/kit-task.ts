// The sandbox of a driven pipeline: one task, with its warm state, until it is thrown away.

import { SINGLE_STAGE } from '../../contract/keys.ts';
import { EngineError } from '../../model/errors.ts';
import type { LogId } from '../../model/ids.ts';
import { asShardId } from '../../model/ids.ts';
import { RING_SIZE } from '../../model/limits.ts';
import { isKeyed, type Plan, sourcesOf } from '../../plan/plan.ts';
import type { ExecutablePlan, RecordOrigin } from '../../runtime/batch.ts';
import { FIRST_FLOORS } from '../../runtime/fit-prefix.ts';
import { scopeOf } from '../../runtime/log-scope.ts';
import { createPartitionTask, type PartitionTask } from '../../runtime/partition-task.ts';
import { compilePlan } from '../../runtime/process-batch.ts';
import { recover } from '../../runtime/recover.ts';
import type { KitCloud, PlacedRecord } from './kit-cloud.ts';
import { type StateRow, stateRowsOf } from './state-rows.ts';

/** A quarter of an hour, as Lambda's longest invocation. */
const TIMEOUT_MS = 900_000;

export class KitTask {
  /** Rows that came too late, in all. */
  lateRowCount = 0;
  private readonly plan: Plan;
  private readonly cloud: KitCloud;
  private readonly identity;
  private executable: ExecutablePlan;
  private task: PartitionTask;

  constructor(plan: Plan, cloud: KitCloud) {
    this.plan = plan;
    this.cloud = cloud;
    this.identity = {
      pipeline: plan.name,
      stage: SINGLE_STAGE,
      sources: new Map(sourcesOf(plan).map(({ name }) => [cloud.arnOf(name), name])),
      inOneTask: plan.inOneTask,
      planHash: plan.hash,
      isKeyed: isKeyed(plan),
      codeHash: 'code',
      deployEpoch: 1,
      ringSize: RING_SIZE,
    };
    [this.executable, this.task] = this.newSandbox();
  }

  restart(): void {
    [this.executable, this.task] = this.newSandbox();
  }

  /** Delivers records: in one batch where shards share a log, else in one for each shard. */
  async handle(placed: readonly PlacedRecord[]): Promise<void> {
    const batches = new Map<string, PlacedRecord['record'][]>();
    for (const { shard, record } of placed) {
      const name = this.plan.inOneTask ? '' : `${record.eventSourceARN} ${shard}`;
      const batch = batches.get(name) ?? [];
      batches.set(name, batch);
      batch.push(record);
    }
    for (const records of batches.values()) {
      const { batchItemFailures } = await this.task.handle(records, {
        deadlineMs: this.deadlineMs(),
      });
      if (batchItemFailures.length > 0) {
        throw new EngineError('internal', 'a batch of a driven pipeline was not finished');
      }
    }
  }

  /** Runs a batch without records in each log. */
  async tick(givenWatermarkMs: number | null): Promise<void> {
    for (const shard of this.shards()) {
      await this.task.tick({
        deadlineMs: this.deadlineMs(),
        ...(shard === null ? {} : { shard }),
        ...(givenWatermarkMs === null ? {} : { watermarkMs: givenWatermarkMs }),
      });
    }
  }

  /** The logs of the pipeline. */
  logs(): readonly LogId[] {
    return this.shards().map((shard) => scopeOf(this.identity, shard).log);
  }

  /** Rows of state, as the log gives them. */
  async stateRows(): Promise<readonly StateRow[]> {
    const states = await this.recoverAll();
    return states.flatMap(({ state }) => stateRowsOf(state));
  }

  async countState(): Promise<Readonly<Record<string, number>>> {
    const total: Record<string, number> = {};
    for (const recovered of await this.recoverAll()) {
      const header = recovered.head?.header;
      const counts = this.executable.countState({
        state: recovered.state,
        watermarkMs: header?.watermarkMs ?? null,
        floors: header?.floors ?? FIRST_FLOORS,
      });
      for (const [uid, count] of counts) total[uid] = (total[uid] ?? 0) + count;
    }
    return total;
  }

  private recoverAll() {
    const ports = this.cloud.ports();
    const { ringSize } = this.identity;
    return Promise.all(this.logs().map((log) => recover(ports, { log, ringSize })));
  }

  /** The shards that have logs of their own; `null` stands for all that share one. */
  private shards(): readonly (RecordOrigin | null)[] {
    if (this.plan.inOneTask) return [null];
    return sourcesOf(this.plan).flatMap(({ name: source }) =>
      this.cloud.shardsOf(source).map((shardId) => ({ source, shardId: asShardId(shardId) })),
    );
  }

  private newSandbox(): [ExecutablePlan, PartitionTask] {
    const { cloud, plan } = this;
    const compiled = compilePlan(cloud.published.watchedPlan(plan), cloud.targetsOf(plan));
    let lateRowCount = 0;
    // A batch may be tried with fewer records: only what is committed counts.
    const executable: ExecutablePlan = {
      plan: compiled.plan,
      countState: (input) => compiled.countState(input),
      processBatch: (input) => {
        const result = compiled.processBatch(input);
        lateRowCount = result.lateRowCount;
        return result;
      },
    };
    const committed = () => {
      this.lateRowCount += lateRowCount;
    };
    const task = createPartitionTask(cloud.ports(committed), {
      identity: this.identity,
      executable,
      // Records of a test are as old as it wants.
      recordAgeMaxMs: Number.MAX_SAFE_INTEGER,
      onGap: 'fail',
    });
    return [executable, task];
  }

  private deadlineMs(): number {
    return this.cloud.clock.ms + TIMEOUT_MS;
  }
}
