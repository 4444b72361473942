// What is simulated: a pipeline, or a function that makes one together with a view of what its own
// sinks have done. The function is called once for each run, so that whatever it closes over is new.

import { EngineError } from '../model/errors.ts';
import type { Plan, SinkNode } from '../plan/plan.ts';
import type { Pipeline } from '../plan/stream.ts';

/** A pipeline, and what the world outside shows of the functions that it calls. */
export interface PipelineWithEffects {
  readonly pipeline: Pipeline;
  /**
   * What the sinks of the pipeline have done, as plain data; asked once, at the end of a run. Arrays
   * are compared in no order, because shards keep none among each other. Stand-ins that it shows should
   * wait for a timer before they do something, as in `await setTimeout(5)` of `node:timers/promises`: a
   * call that is done at once is done also where nobody awaits it, and no sandbox can die meanwhile.
   * @default what functions do is not compared
   */
  readonly effects?: () => unknown;
}

/** Something that can be simulated. */
export type Simulated = Pipeline | (() => Pipeline | PipelineWithEffects);

/** A pipeline made for one run. */
export interface Instance {
  readonly plan: Plan;
  readonly effects: (() => unknown) | null;
}

/** Throws what is wrong with what is to be simulated, other than in its plan. */
export function checkSimulated(simulated: unknown): void {
  if (typeof simulated === 'function' || isPipeline(simulated)) return;
  throw new EngineError('invalid', isRecord(simulated) && 'pipeline' in simulated ? ONCE : NEITHER);
}

export function createInstance(simulated: Simulated): Instance {
  if (typeof simulated !== 'function') return { plan: planOf(simulated), effects: null };
  const made: unknown = simulated();
  if (isPipeline(made)) return { plan: planOf(made), effects: null };
  if (made instanceof Promise) {
    made.catch(() => {});
    throw new EngineError('invalid', ASYNC);
  }
  if (!isRecord(made) || !isPipeline(made['pipeline'])) throw new EngineError('invalid', GIVES);
  const { pipeline, effects } = made;
  if (effects !== undefined && typeof effects !== 'function') {
    throw new EngineError('invalid', EFFECTS);
  }
  return { plan: planOf(pipeline), effects: (effects as (() => unknown) | undefined) ?? null };
}

function planOf(pipeline: Pipeline): Plan {
  const plan = pipeline.plan();
  if (plan.inOneTask) throw new EngineError('invalid', IN_ONE_TASK);
  return plan;
}

const IN_ONE_TASK =
  'simulate runs pipelines whose shards have logs of their own: drive a pipeline with inOneTask instead, with cold starts and repeated deliveries';
const NEITHER =
  'simulate needs a pipeline, which ends with .to(…), or a function that makes one: give it as the first argument';
const ONCE =
  'simulate needs a function that returns { pipeline, effects }, and not the object itself: each run needs new ones';
const ASYNC =
  'the function given to simulate returns a promise: await what it needs before, and return the pipeline itself';
const GIVES =
  'the function given to simulate has to return a pipeline, which ends with .to(…), or { pipeline, effects }';
const EFFECTS = 'effects have to be a function that shows what the sinks have done';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isPipeline = (value: unknown): value is Pipeline =>
  isRecord(value) && typeof value['plan'] === 'function';

export type FunctionSink = Extract<SinkNode, { kind: 'foreach-batch-sink' }>;

export const functionSinksOf = (plan: Plan): readonly FunctionSink[] =>
  plan.nodes.filter((node): node is FunctionSink => node.kind === 'foreach-batch-sink');
