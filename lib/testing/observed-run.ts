// One run of a user's pipeline, with everything that is compared afterwards: which pass over which
// records each commit came from, which batches its functions were given, what they have done, and what
// user code asked its process for.

import type { Counts } from '../model/commit.ts';
import { comparePositions } from '../model/record.ts';
import type { Plan } from '../plan/plan.ts';
import type { BatchInput, BatchResult } from '../runtime/batch.ts';
import { positionKeyOf } from '../runtime/log-scope.ts';
import { type Ambience, type AmbientSource, currentAmbience, runInside } from './ambient.ts';
import { chanceOf } from './faults/chance.ts';
import type { FaultPlan } from './faults/fault-plan.ts';
import { createInstance, functionSinksOf, type Simulated } from './subject.ts';
import { type JournalEntry, positionOf } from './watch/journal.ts';
import type { Sandbox } from './world/sandbox.ts';
import type { Arrival, Scenario } from './world/scenario.ts';
import { type RunResult, runScenario } from './world/world.ts';

/** A commit with the pass over records that it came from. */
export interface CommittedPass {
  readonly entry: JournalEntry;
  readonly input: BatchInput;
  readonly outputs: BatchResult['outputs'];
}

/** A batch as a function of the user was given it. */
export interface Handover {
  readonly sinkUid: string;
  readonly batchId: string;
  /** The rows as JSON, which no function can change. */
  readonly rows: string;
  readonly sandbox: number;
  /** Its place among all that began or ended. */
  readonly began: number;
  /** The same for its end; infinite as long as it has none. */
  ended: number;
  outcome: 'running' | 'done' | 'failed';
  /** What it threw. */
  error: unknown;
  /** Timers of its own that were still waiting when it was done. */
  pendingCount: number;
}

/** What user code asked its process for. */
export interface Asked {
  readonly source: AmbientSource;
  readonly name: string;
  /** Where it stands in the user's code, as far as the stack tells. */
  readonly place: string | null;
}

/** What a promise that nobody awaited was rejected with. */
export interface Rejection {
  readonly error: unknown;
  /** The function that left it behind; `null` where an operator did. */
  readonly sinkUid: string | null;
}

export interface ObservedRun {
  readonly plan: Plan;
  readonly result: RunResult;
  /** By log, in the order of the log. */
  readonly logs: readonly (readonly CommittedPass[])[];
  readonly handovers: readonly Handover[];
  readonly effects: { readonly shown: unknown } | null;
  readonly asked: readonly Asked[];
  readonly rejections: readonly Rejection[];
  readonly counts: Counts;
}

/** How a run is set up; all but the arrivals is the same in a smaller one. */
export interface RunSetup {
  readonly arrivals: readonly Arrival[];
  readonly startMs: number;
  readonly shardCount: number;
  readonly batchSize: number;
}

/** Laps of the ring are short, so that even few events overwrite slots. */
const RING_SIZE = 6;

export async function observeRun(
  simulated: Simulated,
  setup: RunSetup,
  faults: FaultPlan,
): Promise<ObservedRun> {
  const instance = createInstance(simulated);
  const asked = new AskedLog();
  const handovers: Handover[] = [];
  const rejections: Rejection[] = [];
  const passes: { readonly input: BatchInput; readonly outputs: BatchResult['outputs'] }[] = [];
  const plan = withWatchedFunctions(instance.plan, handovers, rejections);
  const ambiences = new Map<Sandbox, Ambience>();
  const scenario: Scenario = {
    name: plan.name,
    plan: () => plan,
    ringSize: RING_SIZE,
    ...setup,
    surroundings: {
      invocation(sandbox, run) {
        const ambience =
          ambiences.get(sandbox) ?? ambienceOf(sandbox, faults.seed, { asked, rejections });
        ambiences.set(sandbox, ambience);
        return runInside(ambience, run);
      },
      pass(input, run) {
        const result = run();
        passes.push({ input, outputs: result.outputs });
        return result;
      },
    },
  };
  const result = await runScenario(scenario, faults);
  const effects = instance.effects === null ? null : { shown: await instance.effects() };
  const { journal } = result.world;
  const logs = journal.logIds.map((log) =>
    journal.entriesOf(log).map((entry) => ({ entry, ...passOf(entry, passes) })),
  );
  return {
    plan: instance.plan,
    result,
    logs,
    handovers,
    effects,
    asked: asked.list,
    rejections,
    counts: totalOf(logs.flat()),
  };
}

/** Everything that user code asks for, each name once. */
export class AskedLog {
  readonly list: Asked[] = [];
  private readonly names = new Set<string>();

  add(source: AmbientSource, name: string): void {
    if (this.names.has(name)) return;
    this.names.add(name);
    this.list.push({ source, name, place: placeOfCaller() });
  }
}

function ambienceOf(
  sandbox: Sandbox,
  seed: number,
  { asked, rejections }: { readonly asked: AskedLog; readonly rejections: Rejection[] },
): Ambience {
  const chance = chanceOf(seed, 'ambience', sandbox.id);
  const ambience: Ambience = {
    nowMs: () => sandbox.clock.nowMs(),
    startedMs: sandbox.clock.nowMs(),
    draw: () => chance.below(2 ** 32),
    after: (delayMs, happen) => sandbox.after(delayMs, () => runInside(ambience, happen)),
    locale: undefined,
    sandbox: sandbox.id,
    asked: (source, name) => asked.add(source, name),
    rejected: (error) => void rejections.push({ error, sinkUid: null }),
  };
  return ambience;
}

/** The plan, whose functions leave a note of each call. */
function withWatchedFunctions(plan: Plan, handovers: Handover[], rejections: Rejection[]): Plan {
  const sinks = functionSinksOf(plan);
  if (sinks.length === 0) return plan;
  let moments = 0;
  const nodes = plan.nodes.map((node) => {
    if (node.kind !== 'foreach-batch-sink') return node;
    const apply: typeof node.apply = async (rows, batchId, context) => {
      const outer = currentAmbience()!;
      const handover: Handover = {
        sinkUid: node.uid,
        batchId,
        rows: JSON.stringify(rows),
        sandbox: outer.sandbox,
        began: ++moments,
        ended: Number.POSITIVE_INFINITY,
        outcome: 'running',
        error: null,
        pendingCount: 0,
      };
      handovers.push(handover);
      const counting = countingTimers({
        ...outer,
        rejected: (error) => void rejections.push({ error, sinkUid: node.uid }),
      });
      try {
        await runInside(counting.ambience, () => node.apply(rows, batchId, context));
        handover.outcome = 'done';
      } catch (error) {
        handover.outcome = 'failed';
        handover.error = error;
        throw error;
      } finally {
        handover.ended = ++moments;
        handover.pendingCount = counting.pending();
      }
    };
    return { ...node, apply };
  });
  return { ...plan, nodes };
}

/** The same surroundings, which know how many timers of theirs still wait. */
function countingTimers(outer: Ambience): {
  readonly ambience: Ambience;
  readonly pending: () => number;
} {
  let count = 0;
  const ambience: Ambience = {
    ...outer,
    after(delayMs, happen) {
      count += 1;
      let isOver = false;
      const over = () => {
        if (!isOver) count -= 1;
        isOver = true;
      };
      const cancel = outer.after(delayMs, () => {
        over();
        runInside(ambience, happen);
      });
      return () => {
        over();
        cancel();
      };
    },
  };
  return { ambience, pending: () => count };
}

/** The pass whose results a commit holds: the last one over the same records at the same time. */
function passOf(
  entry: JournalEntry,
  passes: readonly { readonly input: BatchInput; readonly outputs: BatchResult['outputs'] }[],
) {
  const { header } = entry.commit;
  const last = positionOf(entry)!;
  const found = passes.findLast(({ input }) => {
    const { decoded, from, to } = input;
    return (
      positionKeyOf(input.originOf(input.from)) === entry.shard &&
      input.outputName.endsWith(`-${header.base + header.batchNumber}`) &&
      input.batchTimeMs === header.batchTimeMs &&
      comparePositions(decoded.positionOf(from), header.firstPosition!) === 0 &&
      comparePositions(decoded.positionOf(to - 1), last) === 0
    );
  });
  return found!;
}

function totalOf(passes: readonly CommittedPass[]): Counts {
  const total = { in: 0, duplicate: 0, dead: 0, late: 0, filtered: 0, applied: 0, lateRows: 0 };
  for (const { entry } of passes) {
    const { counts } = entry.commit.header;
    for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += counts[name];
  }
  return total;
}

/** The first line of the stack that is neither the engine's nor Node's. */
function placeOfCaller(): string | null {
  const { stack } = new Error('where');
  const lines = (stack ?? '').split('\n').slice(1);
  const line = lines.find((each) => !ENGINE_FRAME.test(each));
  const [, place] = /\(?((?:file:\/\/)?[^\s()]+:\d+):\d+\)?$/.exec(line ?? '') ?? [];
  return place?.replace(/^file:\/\//, '') ?? null;
}

const ENGINE_FRAME =
  /node:|\(<anonymous>\)$|node_modules\/(?!rivulet\/)|[\\/](?:lib|rivulet[\\/]dist[\\/]lib)[\\/](?:testing|operators|runtime)[\\/]/;
