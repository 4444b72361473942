// Turns a plan into push closures, once per sandbox: each operator calls the next one directly, a
// row at a time, so that nothing is collected between operators. The plan is wired from its end: what
// follows an aggregation is wired once for each output mode, because its rows of update mode and
// those of append mode go to different sinks. Operators behind it take its append rows: each once,
// when it is final.

import { EngineError } from '../model/errors.ts';
import {
  type AggregateNode,
  isAggregation,
  isClock,
  isOperator,
  isSink,
  type LimitNode,
  type OperatorNode,
  type OutputMode,
  type Plan,
  type PlanNode,
  type ReduceNode,
  type SourceNode,
  sourcesOf,
  type TransformBatchNode,
} from '../plan/plan.ts';
import { createAggregation } from './aggregation.ts';
import { createBatchWindow } from './batch-window.ts';
import { createDeduplicate } from './deduplicate.ts';
import { createSchemaCheck } from './event-schema.ts';
import { createJoin } from './join.ts';
import { createLimit, createTableLimit } from './limit.ts';
import { createMapGroups } from './map-groups.ts';
import { createMapWithState } from './map-with-state.ts';
import { createPartitionCheck } from './partition-check.ts';
import type { Pass, Push } from './pass.ts';
import { PlanGraph } from './plan-graph.ts';
import { createProcess } from './process.ts';
import { createSample } from './sample.ts';
import type { OperatorContext, StatefulOperator, WiredOperator } from './stateful-operator.ts';
import {
  createEventTime,
  createMapping,
  createProcessingTime,
  createTimeCheck,
  createWatermark,
} from './stateless.ts';
import { createStaticJoin } from './static-join.ts';
import { createTransformBatch } from './transform-batch.ts';
import { createUpdateState } from './update-state.ts';

/** A plan ready to take rows. */
export interface WiredPlan {
  /** Takes one decoded event, by the name of its source. */
  readonly pushes: ReadonlyMap<string, Push>;
  /** Operators with state, in the order of the plan. */
  readonly operators: readonly StatefulOperator[];
  /** Whether a record can fail after a part of it reached state or a sink. */
  readonly undoable: boolean;
}

/** Wires a plan; `sinkOf` gives the end of the line for the uid of a sink. */
export function wirePlan(plan: Plan, pass: Pass, sinkOf: (uid: string) => Push): WiredPlan {
  return new Wiring(plan, pass, sinkOf).wire();
}

const nowhere: Push = () => {};

class Wiring {
  private readonly plan: Plan;
  private readonly graph: PlanGraph;
  private readonly pass: Pass;
  private readonly sinkOf: (uid: string) => Push;
  private readonly operators: StatefulOperator[] = [];
  /** What leads into a node, by uid and mode: a node with several inputs is wired once. */
  private readonly wired = new Map<string, readonly (Push | null)[]>();
  private mayFailLate = false;
  private readonly userCode: boolean;

  constructor(plan: Plan, pass: Pass, sinkOf: (uid: string) => Push) {
    this.plan = plan;
    this.graph = new PlanGraph(plan);
    this.userCode = plan.nodes.some(runsCode);
    this.pass = pass;
    this.sinkOf = sinkOf;
  }

  wire(): WiredPlan {
    const pushes = new Map(
      sourcesOf(this.plan).map((source) => [source.name, this.fromSource(source)]),
    );
    const order = this.plan.nodes.map(({ uid }) => uid);
    this.operators.sort((left, right) => order.indexOf(left.uid) - order.indexOf(right.uid));
    return {
      pushes,
      operators: this.operators,
      undoable: this.mayFailLate || this.branches(),
    };
  }

  private fromSource(source: SourceNode): Push {
    let push = this.after(source.uid, null) ?? nowhere;
    if (this.operators.length === 0) push = createPartitionCheck(source, this.pass, push);
    return source.schema === null ? push : createSchemaCheck(source.schema, source.uid, push);
  }

  /**
   * What follows a node. `mode` is `null` where every sink takes every row; behind an aggregation it
   * is the output mode of the rows. `null` when nothing takes them.
   */
  private after(
    uid: string,
    mode: OutputMode | null,
    takes: (node: PlanNode) => boolean = () => true,
  ): Push | null {
    const pushes = this.graph
      .consumersOf(uid)
      .filter(({ node }) => takes(node))
      .map(({ node, input }) => this.into(node, mode)[input]!)
      .filter((push) => push !== null);
    if (pushes.length <= 1) return pushes[0] ?? null;
    return (row, timeMs) => {
      for (const push of pushes) push(row, timeMs);
    };
  }

  private into(node: PlanNode, mode: OutputMode | null): readonly (Push | null)[] {
    // What has state is wired once: rows of records and final rows of an aggregation are alike to it.
    const isOnce = mode === 'append' && (this.hasState(node) || this.graph.isMixed(node));
    const name = `${isOnce ? null : mode} ${node.uid}`;
    const known = this.wired.get(name);
    if (known !== undefined) return known;
    const pushes = this.wireNode(node, isOnce ? null : mode);
    this.wired.set(name, pushes);
    return pushes;
  }

  private wireNode(node: PlanNode, mode: OutputMode | null): readonly (Push | null)[] {
    if (isSink(node)) {
      return [this.intoSink(node.uid, mode === null || node.mode === mode, mode)];
    }
    if (isOperator(node)) return this.intoOperator(node, mode);
    const next = this.after(node.uid, mode);
    if (next === null && mode !== null) return node.inputs.map(() => null);
    const push = this.stateless(node, next ?? nowhere, mode);
    return node.inputs.map(() => push);
  }

  private stateless(
    node: Exclude<PlanNode, OperatorNode>,
    next: Push,
    mode: OutputMode | null,
  ): Push {
    switch (node.kind) {
      case 'map':
      case 'filter':
      case 'flat-map':
        return createMapping(node, next);
      case 'union':
        return next;
      case 'sample':
        return createSample(node, next);
      case 'static-join':
        return createStaticJoin(node, { next, pass: this.pass, userCode: this.userCode });
      case 'event-time':
        return createEventTime(node, next);
      case 'watermark':
      case 'processing-time':
        if (mode !== null) {
          throw refuse(node, 'declares a watermark behind an aggregation; declare it in front');
        }
        if (node.kind === 'processing-time') return createProcessingTime(node, next, this.pass);
        return this.isReplaced(node)
          ? createEventTime(node, next)
          : createWatermark(node, next, this.pass);
      default:
        throw refuse(node, 'takes no rows');
    }
  }

  private intoSink(uid: string, takes: boolean, mode: OutputMode | null): Push | null {
    if (!takes) return null;
    const sink = this.sinkOf(uid);
    const { pass } = this;
    if (mode !== null) return sink;
    return (row, timeMs) => {
      sink(row, timeMs);
      pass.reached = true;
    };
  }

  private intoOperator(node: OperatorNode, mode: OutputMode | null): readonly (Push | null)[] {
    if (
      node.kind === 'transform-batch' ||
      (node.kind === 'limit' && this.graph.limitsTable(node))
    ) {
      return this.intoBatchOperator(node, mode);
    }
    if (mode === 'update' || mode === 'complete') return node.inputs.map(() => null);
    if (node.kind === 'aggregate' || node.kind === 'reduce') return [this.intoAggregation(node)];
    const wired = this.createOperator(node, this.contextOf(node, this.after(node.uid, null)));
    this.operators.push(wired.operator);
    // Their rows may fail behind them, or in user code, after state was touched.
    this.mayFailLate = true;
    return wired.pushes;
  }

  /** What works on the rows of one batch alone is wired for each mode that goes through it. */
  private intoBatchOperator(
    node: TransformBatchNode | LimitNode,
    mode: OutputMode | null,
  ): readonly (Push | null)[] {
    const next = this.after(node.uid, mode);
    if (next === null && mode !== null) return node.inputs.map(() => null);
    const context = this.contextOf(node, next);
    const { operator, pushes } =
      node.kind === 'limit' ? createTableLimit(node, context) : createTransformBatch(node, context);
    this.operators.push(operator);
    this.mayFailLate = true;
    return pushes;
  }

  private createOperator(
    node: Exclude<OperatorNode, { kind: 'aggregate' | 'reduce' | 'transform-batch' }>,
    context: OperatorContext,
  ): WiredOperator {
    switch (node.kind) {
      case 'deduplicate':
        return createDeduplicate(node, context);
      case 'limit':
        return createLimit(node, context);
      case 'join':
        return createJoin(node, context);
      case 'map-groups':
        return createMapGroups(node, context);
      case 'map-with-state':
        return createMapWithState(node, context);
      case 'update-state':
        return createUpdateState(node, context);
      case 'process':
        return createProcess(node, context);
      case 'batch-window':
        return createBatchWindow(node, context);
    }
  }

  private intoAggregation(node: AggregateNode | ReduceNode): Push {
    const context = this.contextOf(node, null);
    if (node.window !== null && node.window.kind !== 'count' && !this.graph.hasTime(node.uid)) {
      throw refuse(node, 'has windows but no event time in front of it; declare a watermark');
    }
    const hasState = (each: PlanNode) => this.hasState(each);
    const behind = (consumer: PlanNode) =>
      hasState(consumer) || this.graph.leadsTo(consumer, hasState);
    const { operator, push, mayFailLate } = createAggregation(node, context, {
      pushes: {
        append: this.after(node.uid, 'append', (consumer) => !behind(consumer)),
        chained: this.after(node.uid, 'append', behind),
        update: this.after(node.uid, 'update'),
        complete: this.after(node.uid, 'complete'),
      },
      late: node.lateSink === null ? nowhere : this.sinkOf(node.lateSink),
    });
    this.operators.push(operator);
    this.mayFailLate ||= mayFailLate;
    const { window } = node;
    if (window === null || window.kind === 'count') return push;
    return this.graph.upstreamOf(node.uid).some(isOperator)
      ? createTimeCheck(node.uid, push)
      : push;
  }

  /** Whether all rows of a node come to a later watermark before anything goes by their time. */
  private isReplaced(node: PlanNode): boolean {
    const consumers = this.graph.consumersOf(node.uid);
    return (
      consumers.length > 0 &&
      consumers.every(
        (consumer) =>
          isClock(consumer.node) ||
          (!isOperator(consumer.node) && !isSink(consumer.node) && this.isReplaced(consumer.node)),
      )
    );
  }

  private contextOf(node: OperatorNode, next: Push | null): OperatorContext {
    const sources = this.graph
      .upstreamOf(node.uid)
      .filter((each) => each.kind === 'kinesis-source');
    const [source] = sources;
    // The sides of a join may name their keys differently: these lie by all of their values.
    return {
      pass: this.pass,
      next: next ?? nowhere,
      refuse: this.refusalOf(node),
      source:
        this.plan.inOneTask || node.kind === 'join' || source === undefined || sources.length > 1
          ? { partitionedBy: null }
          : source,
      behindMs: this.graph.behindMs(node.uid),
      timed: node.inputs.map((uid) => this.graph.isTimed(uid)),
      takesResults: this.graph.upstreamOf(node.uid).some(givesOutByWatermark),
      userCode: this.userCode,
      codeBehind: this.graph.leadsTo(node, runsCode),
    };
  }

  private refusalOf(node: OperatorNode): Push {
    const { pass } = this;
    const uid = 'lateSink' in node ? (node.lateSink ?? null) : null;
    const late = uid === null ? nowhere : this.sinkOf(uid);
    return (row, timeMs) => {
      pass.lateRows += 1;
      late(row, timeMs);
    };
  }

  /** Whether a node keeps what it saw, so that it must see each final row once. */
  private hasState(node: PlanNode): boolean {
    if (node.kind === 'limit') return !this.graph.limitsTable(node);
    return isOperator(node) && node.kind !== 'transform-batch';
  }

  /** Whether one record can reach more than one place, so that the second can fail after the first. */
  private branches(): boolean {
    return this.plan.nodes.some(
      (node) =>
        !this.graph.isBehindAggregation(node.uid) &&
        (node.kind === 'flat-map' ||
          node.kind === 'static-join' ||
          this.graph.consumersOf(node.uid).length > 1),
    );
  }
}

/** Whether a node hands on rows when the watermark has advanced, after the rows of the batch. */
const givesOutByWatermark = (node: PlanNode) =>
  isAggregation(node) ||
  (node.kind === 'join' && node.type !== 'inner') ||
  (node.kind === 'map-groups' && node.timeout === 'event-time') ||
  (node.kind === 'process' && node.timers === 'event-time');

/** Whether a node runs functions of the pipeline over rows. Those of sinks get rows of their own. */
function runsCode(node: PlanNode): boolean {
  if (isSink(node)) return false;
  if (node.kind !== 'kinesis-source') return Object.entries(node).some(isCode);
  return node.schema !== null || node.partitionedByFunction !== undefined;
}

/** What a table or a state begins with is the user's data, and copied. */
function isCode([name, value]: [string, unknown]): boolean {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  return name !== 'table' && name !== 'initial' && Object.entries(value).some(isCode);
}

function refuse(node: PlanNode, what: string): EngineError {
  return new EngineError('invalid', `operator '${node.uid}' ${what}`);
}
