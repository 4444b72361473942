import type { DraftNode, Home } from './graph.ts';
import { PLAN_DEFAULTS, type PlanOptions } from './plan.ts';
import type { KinesisSource } from './source.ts';
import type { NamedPipeline } from './stream.ts';
import { StreamValue } from './stream-values.ts';

/** Options of a whole pipeline. */
export interface PipelineOptions {
  /**
   * One task at a time works on all shards of all sources, with one log and one state. Joins and
   * unions of several sources, keys that a source is not partitioned by, and operators without a key
   * need it; it costs the parallelism of the shards.
   * @default false: each shard is worked on by itself
   */
  readonly inOneTask?: boolean;
  /**
   * Which watermark counts where several are declared: the one furthest behind, or the one furthest
   * ahead, for which rows of slower streams are late.
   * @default 'min'
   */
  readonly watermarkPolicy?: 'min' | 'max';
  /**
   * Whether what a batch's rows close comes out with that batch; otherwise with the next batch.
   * @default true
   */
  readonly noDataBatches?: boolean;
}

/**
 * Begins a pipeline. The name becomes part of stack, table and file names: letters, digits and
 * dashes, at most 40. Streams that `.from` of one pipeline starts can be united and joined.
 *
 * @example
 * export default pipeline('delays')
 *   .from(kinesis('departures', { schema: Departure }).partitionedBy('origin'))
 *   .withWatermark('departedAt', '10 minutes')
 *   .keyBy('origin')
 *   .window(tumbling('1 hour'))
 *   .aggregate({ flights: count(), meanDelay: avg('delay'), worstDelay: max('delay') })
 *   .to(dynamodb('delays'), { mode: 'update' });
 */
export function pipeline(name: string, options: PipelineOptions = {}): NamedPipeline {
  const home: Home = { name, options: planOptions(options) };
  // One source is one node, however often a stream is started from it.
  const sources = new Map<KinesisSource<unknown>['spec'], DraftNode>();
  const start = {
    from({ spec }: KinesisSource<unknown>) {
      const node = sources.get(spec) ?? { body: spec, inputs: [], lateOf: null };
      sources.set(spec, node);
      return new StreamValue({ home, nodes: new Map([[node, null]]) }, node);
    },
  };
  // The one place where values meet their types: the classes behind it know nothing of rows.
  return start as unknown as NamedPipeline;
}

function planOptions(options: PipelineOptions): PlanOptions {
  return {
    inOneTask: options.inOneTask ?? PLAN_DEFAULTS.inOneTask,
    watermarkPolicy: options.watermarkPolicy ?? PLAN_DEFAULTS.watermarkPolicy,
    noDataBatches: options.noDataBatches ?? PLAN_DEFAULTS.noDataBatches,
  };
}
