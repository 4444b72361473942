// What is simulated: a pipeline, or a function that makes one together with a view of what its own
// sinks have done. The function is called once for each run, so that whatever it closes over is new.

import type { Plan, SinkNode } from '../plan/plan.ts';
import type { Pipeline } from '../plan/stream.ts';

/** A pipeline, and what the world outside shows of the functions that it calls. */
export interface PipelineWithEffects {
  readonly pipeline: Pipeline;
  /**
   * What the sinks of the pipeline have done, as plain data; asked once, at the end of a run. Arrays
   * are compared in no order, because shards keep none among each other.
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

export function createInstance(simulated: Simulated): Instance {
  const made = typeof simulated === 'function' ? simulated() : simulated;
  if ('pipeline' in made) return { plan: made.pipeline.plan(), effects: made.effects ?? null };
  return { plan: made.plan(), effects: null };
}

export type FunctionSink = Extract<SinkNode, { kind: 'foreach-batch-sink' }>;

export const functionSinksOf = (plan: Plan): readonly FunctionSink[] =>
  plan.nodes.filter((node): node is FunctionSink => node.kind === 'foreach-batch-sink');
