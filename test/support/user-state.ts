// Plans of one operator with user code over keyed state, driven batch by batch.

import { asBatchTimeMs } from '../../lib/model/ids.ts';
import {
  type KeySpec,
  type MapGroupsNode,
  type MapWithStateNode,
  type OperatorNode,
  PLAN_DEFAULTS,
  type Plan,
  type PlanNode,
  type ProcessNode,
  type UpdateStateNode,
} from '../../lib/plan/plan.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { ARRIVAL_MS, type PassAnswer, PassDrive } from './passes.ts';

/** Groups rows by fields. */
export const byFields = (...fields: readonly string[]): KeySpec => ({
  fields,
  selectors: fields.map((field) => ({ kind: 'field', field })),
});

type UserNode = MapGroupsNode | MapWithStateNode | UpdateStateNode | ProcessNode;
type Unplaced<Node> = Node extends OperatorNode ? Omit<Node, 'uid' | 'inputs'> : never;

export interface StatePlanOptions {
  /** Declares the field `at` as event time with this delay. */
  readonly delayMs?: number;
  /** Nodes in front of the operator, or behind it, in a row. */
  readonly before?: readonly PlanNode[];
  readonly after?: readonly PlanNode[];
}

/** A plan whose operator is called `op`; records with a field `tick` never reach it. */
export function statePlan(node: Unplaced<UserNode>, options: StatePlanOptions = {}): Plan {
  const { delayMs, before = [], after = [] } = options;
  const isRow = (event: { readonly tick?: unknown }) => event.tick === undefined;
  const watermark = {
    kind: 'watermark',
    uid: 'watermark',
    time: { kind: 'field', field: 'at' },
    unit: 'milliseconds',
    delayMs: delayMs ?? 0,
    maxAheadMs: Number.POSITIVE_INFINITY,
    idleTimeoutMs: null,
    startMs: 0,
  } as const;
  const chain = [
    { kind: 'kinesis-source', uid: 'source', name: 'events', schema: null, partitionedBy: null },
    { kind: 'filter', uid: 'rows-only', apply: isRow },
    ...(delayMs === undefined ? [] : [watermark]),
    ...before,
    { uid: 'op', ...node },
    ...after,
    { kind: 's3-sink', uid: 'out', name: 'out', mode: 'append', partitionBy: 'none' },
  ];
  const nodes = chain.map((each, index) => ({
    ...each,
    inputs: index === 0 ? [] : [chain[index - 1]!.uid],
  })) as unknown as PlanNode[];
  return { ...PLAN_DEFAULTS, name: 'p', nodes, hash: '0123456789abcdef', inOneTask: true };
}

/** A plan with its state and a clock, which only the test moves. */
export class StateDrive extends PassDrive {
  nowMs = ARRIVAL_MS;

  /** One batch; without events it holds one record that reaches no operator. */
  batch(events: readonly unknown[], nowMs = this.nowMs): PassAnswer {
    this.nowMs = nowMs;
    const records = events.length === 0 ? [{ tick: true }] : events;
    return this.push(records, { batchTimeMs: asBatchTimeMs(nowMs) });
  }

  /** The rows of one batch. */
  rows(events: readonly unknown[], nowMs = this.nowMs): readonly Record<string, unknown>[] {
    return this.batch(events, nowMs).rows['out'] ?? [];
  }

  /** Goes on from what a snapshot of the state holds. */
  restart(): void {
    const segments = this.state.encodeSegments().map(({ bytes }) => bytes);
    this.state = KeyedState.fromSegments(segments);
  }
}

/** What dead letters hold: their reason and detail, and the record or row as it was. */
export const deadOf = ({ dead }: PassAnswer) =>
  dead.map(({ reason, detail, data }) => ({
    reason,
    detail,
    about: JSON.parse(Buffer.from(String(data), 'base64').toString('utf8')),
  }));
