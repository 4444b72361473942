// The values behind the types of `stream.ts`: each step appends nodes to an immutable draft of the
// plan. What a chain may not do is not decided here but by the types and by `validate.ts`.

import { parseDuration } from '../time/duration.ts';
import type { Aggregate } from './aggregate.ts';
import { explainPlan } from './explain.ts';
import {
  type AggregateNode,
  type KeySpec,
  type OutputMode,
  PLAN_DEFAULTS,
  type Plan,
  type PlanNode,
  type ReduceNode,
  type SinkNode,
  type TimeUnit,
  type WindowSpec,
} from './plan.ts';
import { hashPlan } from './plan-hash.ts';
import { selectorOf } from './selector.ts';
import type { Sink } from './sink.ts';
import type { KinesisSource } from './source.ts';
import type { NamedPipeline, Pipeline } from './stream.ts';
import { assertValidPlan } from './validate.ts';

/**
 * Begins a pipeline. The name becomes part of stack, table and file names: letters, digits and
 * dashes, at most 40.
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
export function pipeline(name: string): NamedPipeline {
  const start = {
    from(source: KinesisSource<unknown>) {
      const uid = `kinesis-${source.spec.name}`;
      return new ChainedStream({
        name,
        nodes: [{ ...source.spec, uid, inputs: [] }],
        head: uid,
      });
    },
  };
  // The one place where values meet their types: the class below knows nothing of rows.
  return start as unknown as NamedPipeline;
}

type UserFunction = (...rows: never[]) => unknown;
type FieldOrFunction = string | ((event: never) => unknown);

/** A plan while it is written: its nodes so far, and the one whose rows go on. The last node is the one just written. */
interface PlanDraft {
  readonly name: string;
  readonly nodes: readonly PlanNode[];
  readonly head: string;
}

class ChainedStream implements Pipeline {
  readonly name: string;
  readonly #draft: PlanDraft;

  constructor(draft: PlanDraft) {
    this.name = draft.name;
    this.#draft = draft;
  }

  plan(): Plan {
    const { name, nodes } = this.#draft;
    assertValidPlan({ name, nodes, ...PLAN_DEFAULTS });
    return { name, nodes, ...PLAN_DEFAULTS, hash: hashPlan(nodes) };
  }

  explain(): string {
    return explainPlan(this.plan());
  }

  map(apply: (row: never) => unknown) {
    return this.#then('map', (uid, inputs) => ({ kind: 'map', uid, inputs, apply }));
  }

  flatMap(apply: (row: never) => unknown) {
    return this.#then('flat-map', (uid, inputs) => ({ kind: 'flat-map', uid, inputs, apply }));
  }

  filter(apply: (row: never) => unknown) {
    return this.#then('filter', (uid, inputs) => ({ kind: 'filter', uid, inputs, apply }));
  }

  withWatermark(
    time: FieldOrFunction,
    delay: string,
    options: { readonly unit?: TimeUnit; readonly maxAhead?: string } = {},
  ) {
    return this.#then('watermark', (uid, inputs) => ({
      kind: 'watermark',
      uid,
      inputs,
      time: selectorOf(time),
      unit: options.unit ?? 'milliseconds',
      delayMs: parseDuration(delay),
      maxAheadMs: parseDuration(options.maxAhead ?? '1 day'),
      idleTimeoutMs: null,
      startMs: 0,
    }));
  }

  keyBy(...key: readonly FieldOrFunction[]) {
    const fields = key.map((each) => (typeof each === 'string' ? each : 'key'));
    return new ChainedGroups(
      (kind, make) => this.#then(kind, make),
      { fields, selectors: key.map(selectorOf) },
      null,
    );
  }

  onLate(sink: Sink) {
    const late = sinkNode(this.#draft, { sink, inputs: [], mode: 'append' });
    const keyed = lastKeyed(this.#draft.nodes);
    const nodes = this.#draft.nodes.map((node) =>
      node === keyed && keyed.lateSink === null ? { ...node, lateSink: late.uid } : node,
    );
    return new ChainedStream({ ...this.#draft, nodes: [...nodes, late] });
  }

  to(sink: Sink, options: { readonly mode: OutputMode }) {
    const { nodes, head } = this.#draft;
    const node = sinkNode(this.#draft, { sink, inputs: [head], mode: options.mode });
    return new ChainedStream({ ...this.#draft, nodes: [...nodes, node] });
  }

  named(uid: string) {
    const { nodes, head } = this.#draft;
    const written = nodes.at(-1)!;
    // Only a late sink is named by an earlier node; whatever else was just written is no one's input yet.
    const earlier = nodes
      .slice(0, -1)
      .map((node) =>
        'lateSink' in node && node.lateSink === written.uid && written.inputs.length === 0
          ? { ...node, lateSink: uid }
          : node,
      );
    return new ChainedStream({
      ...this.#draft,
      nodes: [...earlier, { ...written, uid }],
      head: head === written.uid ? uid : head,
    });
  }

  #then(kind: string, make: MakeNode): ChainedStream {
    const { nodes, head } = this.#draft;
    const position = nodes.filter((node) => node.kind === kind).length + 1;
    const node = make(`${kind}-${position}`, [head]);
    return new ChainedStream({ ...this.#draft, nodes: [...nodes, node], head: node.uid });
  }
}

type MakeNode = (uid: string, inputs: readonly [string]) => PlanNode;

class ChainedGroups {
  readonly #then: (kind: string, make: MakeNode) => ChainedStream;
  readonly #key: KeySpec;
  readonly #window: WindowSpec | null;

  constructor(
    then: (kind: string, make: MakeNode) => ChainedStream,
    key: KeySpec,
    window: WindowSpec | null,
  ) {
    this.#then = then;
    this.#key = key;
    this.#window = window;
  }

  window(window: WindowSpec) {
    return new ChainedGroups(this.#then, this.#key, window);
  }

  aggregate(aggregates: Readonly<Record<string, Aggregate<never, unknown>>>) {
    const specs = Object.fromEntries(
      Object.entries(aggregates).map(([name, { spec }]) => [name, spec]),
    );
    return this.#then('aggregate', (uid, inputs) => ({
      kind: 'aggregate',
      uid,
      inputs,
      key: this.#key,
      window: this.#window,
      aggregates: specs,
      allowedLatenessMs: 0,
      lateSink: null,
    }));
  }

  reduce(reduce: UserFunction) {
    return this.#then('reduce', (uid, inputs) => ({
      kind: 'reduce',
      uid,
      inputs,
      key: this.#key,
      window: this.#window,
      reduce,
      allowedLatenessMs: 0,
      lateSink: null,
    }));
  }
}

function sinkNode(
  draft: PlanDraft,
  {
    sink,
    inputs,
    mode,
  }: { readonly sink: Sink; readonly inputs: SinkNode['inputs']; readonly mode: OutputMode },
): SinkNode {
  switch (sink.kind) {
    case 'dynamodb-sink': {
      const keyed = lastKeyed(draft.nodes);
      return {
        ...sink,
        uid: `dynamodb-${sink.name}`,
        inputs,
        mode,
        keyFields: keyed?.key.fields ?? [],
        windowed: keyed !== undefined && keyed.window !== null,
      };
    }
    case 's3-sink':
      return { ...sink, uid: `s3-${sink.name}`, inputs, mode };
    case 'foreach-batch-sink':
      return { ...sink, uid: `foreach-batch-${sink.name}`, inputs, mode };
    case 'noop-sink': {
      const position = draft.nodes.filter((node) => node.kind === 'noop-sink').length + 1;
      return { ...sink, uid: `noop-${position}`, inputs, mode };
    }
  }
}

function lastKeyed(nodes: readonly PlanNode[]): AggregateNode | ReduceNode | undefined {
  return nodes.findLast((node) => node.kind === 'aggregate' || node.kind === 'reduce');
}
