// Turns a plan into push closures, once per sandbox: each operator calls the next one directly, a
// row at a time, so that nothing is collected between operators. The plan is wired from its end: what
// follows a keyed operator is wired once for each output mode, because its rows of update mode and
// those of append mode go to different sinks.

import { EngineError } from '../model/errors.ts';
import {
  type AggregateNode,
  type OutputMode,
  type Plan,
  type PlanNode,
  type ReduceNode,
  sourceOf,
  type WatermarkNode,
} from '../plan/plan.ts';
import { compileAggregates, compileReduce } from './accumulation.ts';
import type { ResultPushes } from './emission.ts';
import { createSchemaCheck } from './event-schema.ts';
import { createKeyReader } from './key.ts';
import { KeyedOperator } from './keyed-operator.ts';
import { createPartitionCheck } from './partition-check.ts';
import type { Pass, Push } from './pass.ts';
import { createMapping, createWatermark } from './stateless.ts';

/** A keyed operator and where its results go. */
export interface WiredKeyed {
  readonly operator: KeyedOperator;
  readonly pushes: ResultPushes;
}

/** A plan ready to take rows. */
export interface WiredPlan {
  /** Takes one decoded event. */
  readonly push: Push;
  /** Keyed operators in the order of the plan. */
  readonly keyed: readonly WiredKeyed[];
  /** Delay of the watermark; `null` where the plan declares none. */
  readonly watermarkDelayMs: number | null;
  /** Whether a record can fail after a part of it reached state or a sink. */
  readonly undoable: boolean;
}

/** Wires a plan; `sinkOf` gives the end of the line for the uid of a sink. */
export function wirePlan(plan: Plan, pass: Pass, sinkOf: (uid: string) => Push): WiredPlan {
  return new Wiring(plan, pass, sinkOf).wire();
}

class Wiring {
  private readonly plan: Plan;
  private readonly pass: Pass;
  private readonly sinkOf: (uid: string) => Push;
  private readonly keyed: WiredKeyed[] = [];
  private readonly watermarks: WatermarkNode[] = [];
  /** Nodes that rows of one record pass through: all in front of and including keyed operators. */
  private readonly perRecord: PlanNode[] = [];
  private mayFailLate = false;

  constructor(plan: Plan, pass: Pass, sinkOf: (uid: string) => Push) {
    this.plan = plan;
    this.pass = pass;
    this.sinkOf = sinkOf;
  }

  wire(): WiredPlan {
    const source = sourceOf(this.plan);
    let push = this.after(source.uid, null) ?? (() => {});
    if (this.keyed.length === 0) push = createPartitionCheck(source, this.pass, push);
    if (source.schema !== null) push = createSchemaCheck(source.schema, source.uid, push);
    if (this.watermarks.length > 1) {
      throw new EngineError('invalid', `plan ${this.plan.name} declares more than one watermark`);
    }
    const order = this.plan.nodes.map((node) => node.uid);
    this.keyed.sort(
      (left, right) => order.indexOf(left.operator.uid) - order.indexOf(right.operator.uid),
    );
    return {
      push,
      keyed: this.keyed,
      watermarkDelayMs: this.watermarks[0]?.delayMs ?? null,
      undoable: this.mayFailLate || this.branches(source.uid),
    };
  }

  /**
   * What follows a node. `mode` is `null` in front of keyed operators, where every sink takes every
   * row; behind one it is the output mode of the rows. `null` when nothing takes them.
   */
  private after(uid: string, mode: OutputMode | null): Push | null {
    const pushes = this.plan.nodes
      .filter((node) => (node.inputs as readonly string[]).includes(uid))
      .map((node) => this.into(node, mode))
      .filter((push) => push !== null);
    if (pushes.length <= 1) return pushes[0] ?? null;
    return (row, timeMs) => {
      for (const push of pushes) push(row, timeMs);
    };
  }

  private into(node: PlanNode, mode: OutputMode | null): Push | null {
    if (mode === null) this.perRecord.push(node);
    switch (node.kind) {
      case 'kinesis-source':
        return null;
      case 'map':
      case 'filter':
      case 'flat-map': {
        const next = this.after(node.uid, mode);
        if (next === null && mode !== null) return null;
        return createMapping(node, next ?? (() => {}));
      }
      case 'watermark':
        if (mode !== null)
          throw refuse(node, 'declares a watermark behind a keyed operator; declare it in front');
        this.watermarks.push(node);
        return createWatermark(node, this.after(node.uid, mode) ?? (() => {}), this.pass);
      case 'aggregate':
      case 'reduce':
        if (mode !== null)
          throw refuse(
            node,
            'is keyed and stands behind a keyed operator; split the pipeline in two',
          );
        return this.intoKeyed(node);
      case 'dynamodb-sink':
      case 's3-sink':
      case 'foreach-batch-sink':
      case 'noop-sink':
        return this.intoSink(node.uid, mode === null || node.mode === mode, mode);
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

  private intoKeyed(node: AggregateNode | ReduceNode): Push {
    const { pass } = this;
    if (node.window !== null && this.watermarks.length === 0) {
      throw refuse(node, 'has windows but no event time in front of it; declare a watermark');
    }
    const source = sourceOf(this.plan);
    const pushes = {
      append: this.after(node.uid, 'append'),
      update: this.after(node.uid, 'update'),
      complete: this.after(node.uid, 'complete'),
    };
    const accumulation = node.kind === 'reduce' ? compileReduce(node) : compileAggregates(node);
    const operator = new KeyedOperator({
      uid: node.uid,
      window: node.window,
      key: createKeyReader({ uid: node.uid, key: node.key, source, pass }),
      accumulation,
      pass,
      complete: pushes.complete !== null,
      late: node.lateSink === null ? () => {} : this.sinkOf(node.lateSink),
    });
    this.keyed.push({ operator, pushes });
    this.mayFailLate ||= accumulation.mayFail;
    return operator.push;
  }

  /** Whether one record can reach more than one place, so that the second can fail after the first. */
  private branches(sourceUid: string): boolean {
    const consumers = (uid: string) =>
      this.perRecord.filter((node) => (node.inputs as readonly string[]).includes(uid)).length;
    return (
      consumers(sourceUid) > 1 ||
      this.perRecord.some((node) => node.kind === 'flat-map' || consumers(node.uid) > 1)
    );
  }
}

function refuse(node: PlanNode, what: string): EngineError {
  return new EngineError('invalid', `operator '${node.uid}' ${what}`);
}
