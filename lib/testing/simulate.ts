// Runs a pipeline of the user under the simulation that proves the engine: the deployed runtime and
// adapters over the model of the cloud, in virtual time, with the faults of one seed after the other.

import { type AloneResult, differenceAlone, resultsAlone } from './alone.ts';
import { withAmbience } from './ambient.ts';
import {
  type ArrivalOrder,
  Arrivals,
  type EventArrival,
  isOrdered,
  PACES,
  type Pace,
} from './arrivals.ts';
import {
  deadLetterNotes,
  effectsNote,
  LATE_NOTE,
  outputsOf,
  refuseIdleEvents,
} from './calm-run.ts';
import { type Cause, causesOf } from './causes.ts';
import { eventRecords, type PreparedEvent } from './events.ts';
import { chanceOf } from './faults/chance.ts';
import { calmPlan, type FaultPlan } from './faults/fault-plan.ts';
import { type RunSize, randomPlan } from './faults/random-plan.ts';
import { shrinkPlan } from './faults/shrink.ts';
import { type ObservedRun, observeRun, type RunSetup } from './observed-run.ts';
import {
  type Expected,
  type Finding,
  finalOutputsOf,
  findingIn,
  setAsideIn,
  shardsFinding,
} from './reference.ts';
import { failureWords } from './report.ts';
import { checkOptions, type SimulateOptions, type SimulationPlan } from './simulate-options.ts';
import { checkSimulated, createInstance, functionSinksOf, type Simulated } from './subject.ts';
import type { Arrival, Scenario } from './world/scenario.ts';

/** The smallest failing run that was found. */
export interface SimulationFailure {
  /**
   * The seed that fails when it is simulated alone. 0 stands for the runs without faults, which every
   * simulation begins with: what fails there needs no fault.
   */
  readonly seed: number;
  /** What happened, what came of it and why, for people. */
  readonly words: string;
  /** What kind of mistake it most likely is. */
  readonly cause: Cause['kind'];
  readonly plan: SimulationPlan;
}

export interface SimulationReport {
  readonly passed: boolean;
  /** Runs with faults that were made. */
  readonly runCount: number;
  /**
   * Rows of a run without faults, by the uid of their sink, which is there also where it got none; what
   * could not be processed is under `dead-letters`, if anything. Decimals are texts.
   */
  readonly outputs: Readonly<Record<string, readonly unknown[]>>;
  /**
   * What was not compared, and why, and how many events became dead letters, in sentences. Such a
   * simulation passes nevertheless: a test that relies on everything expects that there are no notes.
   */
  readonly notes: readonly string[];
  readonly failure: SimulationFailure | null;
  /**
   * Leaves `notes` to whoever reads them.
   * @throws Error with the words of the failure, unless the simulation passed.
   */
  assertPassed(): void;
}

/**
 * Runs a pipeline under faults: crashes at any call, retries that end elsewhere, duplicates, lost
 * replies, zombies, several sandboxes, cold starts, new deploys, and all that at virtual speed. A run
 * passes when its results are those of a run without faults. Clocks, random values and timers that the
 * pipeline's code asks for are virtual meanwhile.
 *
 * Functions given to `foreachBatch` are called as they are. What they do is compared only where they
 * get stand-ins of what they write to, in a function that makes pipeline and stand-ins for each run and
 * shows what they hold as `effects`; else `notes` says so. A stand-in should take time, as what it stands
 * for does: one that is done at once leaves no moment at which a sandbox could die, and a call of it that
 * nobody awaits cannot be told from one that was awaited. Waiting for any timer is enough, and takes none
 * of the machine's time.
 *
 * A promise of the pipeline's code that is rejected while nobody awaits it is a failure, too; the process
 * that simulates goes on. One that was made outside of the simulated code ends the process, as always.
 *
 * All sandboxes share the modules of this process. A variable of a module is therefore one for all of
 * them, and not new in each run. What changes with it is found nevertheless; what is set once and then
 * stays, such as the first value that was met, is not: make it in the function that makes the pipeline.
 *
 * @example
 * const report = await simulate(delays, { events, seeds: 500 });
 * report.assertPassed();
 *
 * @example
 * const report = await simulate(
 *   () => {
 *     const sent = new Map();
 *     const send = async (rows, batchId) => {
 *       await setTimeout(5); // from node:timers/promises
 *       sent.set(batchId, rows);
 *     };
 *     return { pipeline: alerts(send), effects: () => sent };
 *   },
 *   { events },
 * );
 */
export async function simulate(
  simulated: Simulated,
  options: SimulateOptions,
): Promise<SimulationReport> {
  checkSimulated(simulated);
  checkOptions(options);
  return withAmbience(() => new Simulation(simulated, options).report());
}

const SEEDS = 200;
const SHARDS = 2;
/** Enough for plans of some dozens of faults; a run takes milliseconds. */
const SHRINK_RUNS_MAX = 160;
/** No run with faults has it. */
const CALM_SEED = 0;
/** Sums of doubles in another order. */
const TOLERANCE = 1e-9;

interface Failed {
  readonly finding: Finding;
  readonly setup: RunSetup;
  readonly faults: FaultPlan;
  readonly run: ObservedRun;
}

class Simulation {
  private readonly simulated: Simulated;
  private readonly options: SimulateOptions;
  private readonly order: ArrivalOrder;
  private readonly events: readonly PreparedEvent[];
  /** What the pipeline made of each event before anything else was run in this process. */
  private readonly alone: readonly AloneResult[];
  private readonly arrivals: Arrivals;
  private readonly notes: string[] = [];
  private readonly eventOf: ReadonlyMap<Uint8Array, number>;
  private readonly plan;
  private calmRuns: readonly ObservedRun[] = [];
  private runCount = 0;

  constructor(simulated: Simulated, options: SimulateOptions) {
    this.simulated = simulated;
    this.options = options;
    const { plan, effects } = createInstance(simulated);
    this.plan = plan;
    this.order = options.order ?? (isOrdered(plan) ? 'given' : 'any');
    const records = eventRecords(plan, options.events);
    this.alone = resultsAlone(
      plan,
      records.map(({ data }) => data),
    );
    this.events = records.map((record, index) => ({
      ...record,
      times: this.alone[index]?.times ?? null,
    }));
    this.eventOf = new Map(this.events.map(({ data }, index) => [data, index]));
    this.arrivals = new Arrivals(plan, this.events, this.order);
    if (this.arrivals.hasLate) this.notes.push(LATE_NOTE);
    if (effects === null) {
      for (const { uid } of functionSinksOf(plan)) this.notes.push(effectsNote(uid));
    }
  }

  async report(): Promise<SimulationReport> {
    const failed = await this.firstFailure();
    const outputs = outputsOf(this.calmRuns[0]!);
    const failure = failed === null ? null : await this.explain(failed);
    return {
      passed: failure === null,
      runCount: this.runCount,
      outputs,
      notes: this.notes,
      failure,
      assertPassed() {
        if (failure !== null) throw new Error(failure.words);
      },
    };
  }

  private async firstFailure(): Promise<Failed | null> {
    const { plan, seed = 1, seeds, onProgress } = this.options;
    const calm = await this.runCalmly();
    // What a process remembers is there before a plan begins, and leaves nothing to be found in it.
    if (calm !== null && (plan === undefined || calm.finding.kind === 'remembered')) return calm;
    if (plan !== undefined) return this.runOnce(this.setupOf(plan), plan.faults);
    const of = seeds ?? (this.options.seed === undefined ? SEEDS : 1);
    for (let done = 0; done < of; done += 1) {
      const failed = seed + done === CALM_SEED ? null : await this.runSeed(seed + done);
      if (failed !== null) return failed;
      onProgress?.({ done: done + 1, of });
    }
    return null;
  }

  /** Runs without faults, at each pace: they say what is expected and how large a run is. */
  private async runCalmly(): Promise<Failed | null> {
    const runs: ObservedRun[] = [];
    for (const pace of PACES) {
      const setup = this.setup(this.arrivals.calm(pace), pace.batchSize);
      const run = await observeRun(this.simulated, setup, calmPlan(CALM_SEED));
      runs.push(run);
      this.calmRuns = runs;
      const expected = this.expectedFrom(runs[0]!);
      const finding = await findingIn(this.simulated, run, expected);
      const faults = calmPlan(CALM_SEED);
      if (finding !== null) return { finding, setup, faults, run };
      if (runs.length > 1) continue;
      const remembered = this.rememberedFinding();
      if (remembered !== null) return { finding: remembered, setup, faults, run };
      refuseIdleEvents(run);
      this.notes.push(...deadLetterNotes(run));
    }
    return this.runWithOneShard();
  }

  /** State of the first pass over the events that a run leaves, and a new pipeline finds again. */
  private rememberedFinding(): Finding | null {
    const { plan } = createInstance(this.simulated);
    const again = resultsAlone(
      plan,
      this.events.map(({ data }) => data),
    );
    const difference = differenceAlone(this.alone, again);
    return difference === null ? null : { kind: 'remembered', difference };
  }

  private async runWithOneShard(): Promise<Failed | null> {
    if (this.shardCount === 1) return null;
    const [pace] = PACES as [Pace];
    const setup = { ...this.setup(this.arrivals.calm(pace), pace.batchSize), shardCount: 1 };
    return this.runOnce(setup, calmPlan(CALM_SEED));
  }

  private async runSeed(seed: number): Promise<Failed | null> {
    const chance = chanceOf(seed, 'pace');
    const place = chance.below(PACES.length);
    const pace = PACES[place]!;
    const arrivals = this.arrivals.ofSeed(seed, pace);
    const { result } = this.calmRuns[place]!;
    const size: RunSize = {
      callCount: result.callCount,
      invocationCount: result.invocationCount,
      durationMs: 2_000 + (arrivals.at(-1)?.atMs ?? 0),
    };
    this.runCount += 1;
    return this.runOnce(this.setup(arrivals, pace.batchSize), randomPlan(seed, size));
  }

  private async runOnce(setup: RunSetup, faults: FaultPlan): Promise<Failed | null> {
    const run = await observeRun(this.simulated, setup, faults);
    const arrivals = withoutTexts(setup.arrivals, setAsideIn(run));
    const expected = await this.expectedFor(arrivals, setup.shardCount);
    const finding =
      (await findingIn(this.simulated, run, expected)) ??
      (await this.shardsFinding(run, arrivals, setup.shardCount));
    return finding === null ? null : { finding, setup, faults, run };
  }

  /** Where a run has another number of shards than the simulation, its tables are compared with both. */
  private async shardsFinding(
    run: ObservedRun,
    arrivals: readonly Arrival[],
    shardCount: number,
  ): Promise<Finding | null> {
    if (shardCount === this.shardCount) return null;
    const expected = await this.expectedFor(arrivals, this.shardCount);
    return expected === null ? null : shardsFinding(run, { ...expected, tolerance: TOLERANCE });
  }

  /** What events must give; fewer events than all, or other shards, need a calm run of their own. */
  private async expectedFor(
    arrivals: readonly Arrival[],
    shardCount: number,
  ): Promise<Expected | null> {
    if (arrivals.length === this.events.length && shardCount === this.shardCount) {
      return this.expectedFrom(this.calmRuns[0]!);
    }
    if (this.arrivals.hasLate || arrivals.length === 0) return null;
    const left = new Set(arrivals.map(({ data }) => data));
    const [pace] = PACES as [Pace];
    const calm = this.arrivals.calm(pace).filter(({ event }) => left.has(this.events[event]!.data));
    const setup = { ...this.setup(calm, pace.batchSize), shardCount };
    return this.expectedFrom(await observeRun(this.simulated, setup, calmPlan(CALM_SEED)));
  }

  private expectedFrom(calm: ObservedRun): Expected | null {
    if (this.arrivals.hasLate) return null;
    const tolerance = this.arrivals.isFree ? TOLERANCE : 0;
    return { outputs: finalOutputsOf(calm), tolerance };
  }

  private async explain(failed: Failed): Promise<SimulationFailure> {
    const again = await this.fails(failed, failed.setup, failed.faults);
    const smallest = again === null ? failed : await this.shrink(again);
    const calm = await this.fails(failed, smallest.setup, calmPlan(smallest.faults.seed));
    const causes = await causesOf(
      this.simulated,
      smallest.run,
      smallest.finding,
      this.arrivals.isFree && calm !== null,
    );
    const { seed } = failed.faults;
    return {
      seed,
      cause: causes[0]!.kind,
      plan: this.planOf(smallest),
      words: failureWords({
        finding: smallest.finding,
        causes,
        run: smallest.run,
        eventCount: smallest.setup.arrivals.length,
        repeat: this.repeatLine(seed),
        isRepeatable: again !== null,
      }),
    };
  }

  private async fails(like: Failed, setup: RunSetup, faults: FaultPlan): Promise<Failed | null> {
    const failed = await this.runOnce(setup, faults);
    return failed?.finding.kind === like.finding.kind ? failed : null;
  }

  private async shrink(failed: Failed): Promise<Failed> {
    let smallest = failed;
    const setupOf = ({ arrivals }: Scenario): RunSetup => ({ ...failed.setup, arrivals });
    const scenario: Scenario = {
      name: this.plan.name,
      plan: () => this.plan,
      ringSize: 0,
      ...failed.setup,
    };
    const stillFails = async (some: Scenario, faults: FaultPlan) => {
      if (some.arrivals.length === 0) return false;
      const again = await this.fails(failed, setupOf(some), faults);
      if (again !== null) smallest = again;
      return again !== null;
    };
    await shrinkPlan(scenario, failed.faults, stillFails, { runsMax: SHRINK_RUNS_MAX });
    return smallest;
  }

  private setup(arrivals: readonly EventArrival[], batchSize: number): RunSetup {
    return {
      arrivals: arrivals.map(({ event, atMs }): Arrival => {
        const { partitionKey, data } = this.events[event]!;
        return { atMs, partitionKey, data };
      }),
      startMs: this.arrivals.startMs,
      shardCount: this.shardCount,
      batchSize,
    };
  }

  private setupOf({ arrivals, batchSize, shards }: SimulationPlan): RunSetup {
    return { ...this.setup(arrivals, batchSize), shardCount: shards };
  }

  private planOf({ setup, faults }: Failed): SimulationPlan {
    return {
      shards: setup.shardCount,
      batchSize: setup.batchSize,
      arrivals: setup.arrivals.map(({ data, atMs }) => ({ event: this.eventOf.get(data)!, atMs })),
      faults,
    };
  }

  private get shardCount(): number {
    return this.options.shards ?? SHARDS;
  }

  private repeatLine(seed: number): string {
    const { shards, order, plan } = this.options;
    const stated = [
      plan === undefined ? `seed: ${seed}` : 'plan: failure.plan',
      ...(shards === undefined ? [] : [`shards: ${shards}`]),
      ...(order === undefined ? [] : [`order: '${order}'`]),
    ];
    return `simulate(pipeline, { events, ${stated.join(', ')} })`;
  }
}

/** The arrivals but for one of each text. */
function withoutTexts(arrivals: readonly Arrival[], texts: readonly string[]): readonly Arrival[] {
  const left = [...arrivals];
  for (const text of texts) {
    const place = left.findIndex(({ data }) => Buffer.from(data).toString('utf8') === text);
    if (place >= 0) left.splice(place, 1);
  }
  return left;
}
