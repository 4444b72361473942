// A pipeline in memory, batch by batch, with a clock that is moved by hand: the deployed runtime and
// adapters over the model of the cloud, as in a simulation, but without faults and without chance.

import type { Counts } from '../../model/commit.ts';
import { EngineError } from '../../model/errors.ts';
import { isSink, type Plan, type SinkNode, sourcesOf } from '../../plan/plan.ts';
import type { Pipeline } from '../../plan/stream.ts';
import { type Duration, parseDuration } from '../../time/duration.ts';
import { EVENT_TIME_MS_MAX } from '../../time/event-time.ts';
import { sourceRecords } from '../events.ts';
import { KitCloud, type PlacedRecord } from './kit-cloud.ts';
import { KitTask } from './kit-task.ts';
import type { DeadLetterRow } from './published.ts';
import type { StateRow } from './state-rows.ts';

/** How a pipeline is driven. */
export interface DriveOptions {
  /**
   * Shards of each source.
   * @default 1
   */
  readonly shards?: number;
  /**
   * Where the clock begins, in milliseconds since 1970 UTC.
   * @default the beginning of 2026
   */
  readonly startMs?: number;
}

/** Where events of a batch go. */
export interface PushOptions {
  /**
   * Puts them into this shard, counted from 0.
   * @default each where its partition key belongs
   */
  readonly shard?: number;
}

/** Events of one source, or of several by the names of their sources. */
export type PushedEvents = readonly unknown[] | Readonly<Record<string, readonly unknown[]>>;

/** A pipeline that is driven by a test. */
export interface Driver {
  /**
   * Lets events arrive as one batch, sources in the order given. Where the shards of a pipeline have logs
   * of their own, each shard that gets any has a batch.
   *
   * @example
   * await run.push([{ user: 'ada', at: 5 }]);
   * await run.push({ orders: [{ id: 1 }], payments: [] });
   */
  push(events: PushedEvents, options?: PushOptions): Promise<void>;
  /** Moves the clock on, by a length of time or milliseconds, and lets a batch without records run then. */
  advanceTime(by: Duration | number): Promise<void>;
  /** Moves the clock on and runs nothing: the next batch is at that time. */
  moveClock(by: Duration | number): void;
  /**
   * Runs a batch without records that is told a watermark, in milliseconds since 1970 UTC: everything
   * before it is closed.
   */
  advanceWatermark(toMs: number): Promise<void>;
  /** Runs a batch without records. */
  tick(): Promise<void>;
  /** Moves the watermark to the end of time, so that all windows close. */
  drain(): Promise<void>;
  /** Throws the sandbox away: the next batch recovers all state from the log. */
  restart(): void;
  /** Delivers the last batch once more, which must change nothing. */
  redeliver(): Promise<void>;

  /**
   * What came out of a sink since this was asked last, in order; of a table, the rows that were put.
   * The sink may be left out where there is only one.
   */
  output<Row = unknown>(sink?: string): readonly Row[];
  /** Everything that came out of a sink; of a table, its content. */
  rows<Row = unknown>(sink?: string): readonly Row[];
  /** What was set aside. */
  deadLetters(): readonly DeadLetterRow[];
  /** The watermark, in milliseconds since 1970 UTC; `null` before there is one. */
  watermark(): number | null;
  /** How many batches were committed; one that changes nothing is not. */
  batchCount(): number;
  /** Records by what became of them, in all. */
  counts(): Counts;
  /** Rows that came too late, in all. */
  late(): number;
  /** Rows of the state of an operator, or of all. */
  state(operator?: string): Promise<readonly StateRow[]>;
  /** How much each stateful operator keeps, by uid, in the order of the plan. */
  stateRows(): Promise<Readonly<Record<string, number>>>;
}

/** The beginning of 2026. */
const START_MS = 1_767_225_600_000;

/**
 * Runs a pipeline in memory, so that a test can look at it batch by batch. It is the deployed runtime, on
 * a model of the cloud, with a clock that only the test moves: the same calls give the same answers, always.
 *
 * A sink is named as in the pipeline, by `.named` or by its own name.
 *
 * @example
 * const run = drive(delays);
 * await run.push([{ origin: 'SJC', departedAt: 1_000, delay: 5 }]);
 * await run.drain();
 * expect(run.rows()).toEqual([{ origin: 'SJC', windowStart: …, windowEnd: …, flights: 1 }]);
 *
 * @throws EngineError `invalid` where the pipeline is.
 */
export function drive(pipeline: Pipeline, options: DriveOptions = {}): Driver {
  return new DrivenPipeline(pipeline.plan(), options);
}

class DrivenPipeline implements Driver {
  private readonly plan: Plan;
  private readonly cloud: KitCloud;
  private readonly task: KitTask;
  private last: readonly PlacedRecord[] = [];

  constructor(plan: Plan, { shards = 1, startMs = START_MS }: DriveOptions) {
    this.plan = plan;
    this.cloud = new KitCloud(plan, { shards, startMs });
    this.task = new KitTask(plan, this.cloud);
  }

  async push(events: PushedEvents, { shard }: PushOptions = {}): Promise<void> {
    this.last = this.eventsBySource(events).flatMap(({ source, given }) =>
      this.cloud.put(source.name, sourceRecords(source, given), shard ?? null),
    );
    await this.task.handle(this.last);
  }

  async advanceTime(by: Duration | number): Promise<void> {
    this.moveClock(by);
    await this.tick();
  }

  moveClock(by: Duration | number): void {
    this.cloud.clock.ms += typeof by === 'number' ? by : parseDuration(by);
  }

  advanceWatermark(toMs: number): Promise<void> {
    return this.task.tick(toMs);
  }

  tick(): Promise<void> {
    return this.task.tick(null);
  }

  drain(): Promise<void> {
    return this.task.tick(EVENT_TIME_MS_MAX);
  }

  restart(): void {
    this.task.restart();
  }

  redeliver(): Promise<void> {
    return this.task.handle(this.last);
  }

  output<Row>(sink?: string): readonly Row[] {
    return this.cloud.published.takeFresh(this.sinkOf(sink).uid) as readonly Row[];
  }

  rows<Row>(sink?: string): readonly Row[] {
    const { kind, uid } = this.sinkOf(sink);
    const { published } = this.cloud;
    const rows = kind === 'dynamodb-sink' ? published.tableContent(uid) : published.allOf(uid);
    return rows as readonly Row[];
  }

  deadLetters(): readonly DeadLetterRow[] {
    return this.cloud.published.deadLetters();
  }

  watermark(): number | null {
    const watermarks = this.task.logs().map((log) => this.cloud.headOf(log)?.watermarkMs ?? null);
    // Each shard has its own: what none holds back has passed for all.
    return watermarks.some((ms) => ms === null) ? null : Math.min(...watermarks.map((ms) => ms!));
  }

  batchCount(): number {
    return this.cloud.headers.length;
  }

  counts(): Counts {
    const sum = { in: 0, duplicate: 0, dead: 0, late: 0, filtered: 0, applied: 0, lateRows: 0 };
    for (const { counts } of this.cloud.headers) {
      for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
    }
    return sum;
  }

  late(): number {
    return this.task.lateRowCount;
  }

  async state(operator?: string): Promise<readonly StateRow[]> {
    const rows = await this.task.stateRows();
    return operator === undefined ? rows : rows.filter((row) => row.operator === operator);
  }

  stateRows(): Promise<Readonly<Record<string, number>>> {
    return this.task.countState();
  }

  private eventsBySource(events: PushedEvents) {
    const sources = sourcesOf(this.plan);
    if (Array.isArray(events)) {
      const [source] = sources;
      if (source !== undefined && sources.length === 1) return [{ source, given: events }];
      throw refuse(
        `the pipeline has ${sources.length} sources: push events by the names of their sources, { ${sources.map(({ name }) => `${name}: […]`).join(', ')} }`,
      );
    }
    return Object.entries(events as Readonly<Record<string, readonly unknown[]>>).map(
      ([name, given]) => {
        const source = sources.find((each) => each.name === name);
        if (source !== undefined) return { source, given };
        throw refuse(`the pipeline has no source '${name}': it has ${listOf(sources)}`);
      },
    );
  }

  /** A sink by uid or by its own name. */
  private sinkOf(name: string | undefined): SinkNode {
    const sinks = this.plan.nodes.filter(isSink);
    const found = sinks.filter(
      (sink) => name === undefined || sink.uid === name || ('name' in sink && sink.name === name),
    );
    if (found.length === 1) return found[0]!;
    const known = sinks.map(({ uid }) => `'${uid}'`).join(', ');
    throw refuse(
      name === undefined
        ? `the pipeline has ${sinks.length} sinks: say which one is meant, of ${known}`
        : `'${name}' names ${found.length} sinks of the pipeline: it has ${known}`,
    );
  }
}

const listOf = (sources: readonly { readonly name: string }[]) =>
  sources.map(({ name }) => `'${name}'`).join(', ');

const refuse = (message: string) => new EngineError('invalid', message);
