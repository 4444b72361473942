// The values behind the types of `stream.ts`: each step gives a handle on a larger graph and leaves
// its own as it is. What a chain may not do is not decided here but by the types and by `validate.ts`.

import { parseDuration } from '../time/duration.ts';
import { BatchValue } from './batch-values.ts';
import { greatestDelayMs, timeFieldsOf } from './event-time-draft.ts';
import { explainPlan } from './explain.ts';
import {
  addNode,
  type DraftNode,
  type Graph,
  listNodes,
  mayBeLate,
  meet,
  type NodeBody,
  nameLast,
  pathTo,
} from './graph.ts';
import { GroupValue } from './group-values.ts';
import { type JoinOptionValues, joinBodyOf, staticJoinBodyOf } from './join-values.ts';
import type { DeduplicateNode, OutputMode, Plan, StaticTable, TimeUnit } from './plan.ts';
import { hashPlan } from './plan-hash.ts';
import { selectorOf } from './selector.ts';
import type { Sink } from './sink.ts';
import type { Pipeline } from './stream.ts';
import { assertValidPlan } from './validate.ts';
import type { JoinOn, UserFunction, Writer } from './writer.ts';
import { type FieldOrFunction, keyOf, NO_KEY } from './writer.ts';

declare global {
  /**
   * Set in deployed functions, by the bundler: their plan was checked and explained where it was
   * synthesised, so that rules and texts need not be in every function.
   */
  var RIVULET_DEPLOYED: boolean | undefined;
}

export class StreamValue implements Pipeline, Writer {
  readonly graph: Graph;
  readonly head: DraftNode;

  constructor(graph: Graph, head: DraftNode) {
    this.graph = graph;
    this.head = head;
  }

  get name(): string {
    return this.graph.home.name;
  }

  plan(): Plan {
    const { name, options } = this.graph.home;
    const nodes = listNodes(this.graph);
    if (globalThis.RIVULET_DEPLOYED !== true) assertValidPlan({ name, nodes, ...options });
    return { name, nodes, ...options, hash: hashPlan(nodes) };
  }

  explain(): string {
    return globalThis.RIVULET_DEPLOYED === true ? '' : explainPlan(this.plan());
  }

  write(body: NodeBody, others: readonly Writer[] = []): StreamValue {
    const graph = others.reduce((met, other) => meet(met, other.graph), this.graph);
    const inputs = [this.head, ...others.map(({ head }) => head)];
    const node: DraftNode = { body, inputs, lateOf: null };
    return new StreamValue(addNode(graph, node), node);
  }

  map(apply: UserFunction) {
    return this.write({ kind: 'map', apply });
  }

  flatMap(apply: UserFunction) {
    return this.write({ kind: 'flat-map', apply });
  }

  filter(apply: UserFunction) {
    return this.write({ kind: 'filter', apply });
  }

  withWatermark(time: FieldOrFunction, delay: string, options: WatermarkOptionValues = {}) {
    const { unit, maxAhead, idleTimeout, beforeEpoch } = options;
    return this.write({
      kind: 'watermark',
      time: selectorOf(time),
      unit: unit ?? 'milliseconds',
      delayMs: parseDuration(delay),
      maxAheadMs: parseDuration(maxAhead ?? '1 day'),
      idleTimeoutMs: idleTimeout === undefined ? null : parseDuration(idleTimeout),
      startMs: beforeEpoch === true ? null : 0,
    });
  }

  withProcessingTime() {
    return this.write({ kind: 'processing-time' });
  }

  eventTime(time: FieldOrFunction, { unit }: { readonly unit?: TimeUnit } = {}) {
    return this.write({ kind: 'event-time', time: selectorOf(time), unit: unit ?? 'milliseconds' });
  }

  union(...others: readonly Writer[]) {
    return this.write({ kind: 'union' }, others);
  }

  limit(count: number) {
    return this.write({ kind: 'limit', count });
  }

  sample(rate: number, ...key: readonly FieldOrFunction[]) {
    return this.write({ kind: 'sample', key: keyOf(key), rate });
  }

  dropDuplicates(...key: readonly FieldOrFunction[]) {
    const times = timeFieldsOf(this.head);
    return this.#deduplicate(
      key,
      key.some((each) => times.includes(each as string)) ? 'time' : 'never',
    );
  }

  dropDuplicatesWithinWatermark(...key: readonly FieldOrFunction[]) {
    return this.#deduplicate(key, greatestDelayMs(this.head));
  }

  join(other: Writer, options: JoinOptionValues) {
    return this.write(joinBodyOf(options), [other]);
  }

  joinStatic(
    { table }: { readonly table: StaticTable },
    options: { readonly on: JoinOn; readonly type?: 'inner' | 'left'; readonly refresh?: string },
  ) {
    return this.write(staticJoinBodyOf(table, options));
  }

  transformBatch(apply: UserFunction) {
    return this.write({ kind: 'transform-batch', apply });
  }

  batches() {
    return new BatchValue(this);
  }

  keyBy(...key: readonly FieldOrFunction[]) {
    return new GroupValue(this, keyOf(key));
  }

  groupAll() {
    return new GroupValue(this, NO_KEY);
  }

  onLate(sink: Sink) {
    const lateOf = pathTo(this.head).find(({ body }) => mayBeLate(body.kind)) ?? null;
    const body = sinkBody(sink, { mode: 'append', head: this.head });
    return new StreamValue(addNode(this.graph, { body, inputs: [], lateOf }), this.head);
  }

  to(sink: Sink, { mode }: { readonly mode: OutputMode }) {
    const { graph, head } = this;
    const body = sinkBody(sink, { mode, head });
    return new StreamValue(addNode(graph, { body, inputs: [head], lateOf: null }), head);
  }

  named(uid: string) {
    return new StreamValue(nameLast(this.graph, uid), this.head);
  }

  #deduplicate(key: readonly FieldOrFunction[], forget: DeduplicateNode['forget']) {
    return this.write({ kind: 'deduplicate', key: keyOf(key), forget });
  }
}

interface WatermarkOptionValues {
  readonly unit?: TimeUnit;
  readonly maxAhead?: string;
  readonly idleTimeout?: string;
  readonly beforeEpoch?: boolean;
}

/** A table's items are named by the key of the nearest operator whose rows carry one. */
function sinkBody(
  sink: Sink,
  { mode, head }: { readonly mode: OutputMode; readonly head: DraftNode },
): NodeBody {
  if (sink.kind !== 'dynamodb-sink') return { ...sink, mode };
  for (const { body } of pathTo(head)) {
    switch (body.kind) {
      case 'aggregate':
      case 'reduce': {
        const windowed = body.window !== null && body.window.kind !== 'count';
        return { ...sink, mode, keyFields: body.key.fields, windowed };
      }
      case 'update-state':
        return { ...sink, mode, keyFields: body.key.fields, windowed: false };
      default:
    }
  }
  return { ...sink, mode, keyFields: [], windowed: false };
}
