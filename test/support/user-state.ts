// Plans of one operator with user code over keyed state, driven batch by batch.

import { asBatchTimeMs } from '../../lib/model/ids.ts';
import { GroupWatermarks } from '../../lib/operators/group-watermarks.ts';
import { WatermarkProgress } from '../../lib/operators/watermark-progress.ts';
import { wirePlan } from '../../lib/operators/wire-plan.ts';
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
import type { GroupState, ProcessContext, StateParts } from '../../lib/plan/user-state.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { ARRIVAL_MS, aPass, type PassAnswer, PassDrive } from './passes.ts';

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

/** A row as the tests of these operators have it. */
export interface UserRow {
  readonly k: string;
  readonly at?: number;
  readonly n?: number;
}

export type Apply = (key: never, rows: readonly UserRow[], state: GroupState<number>) => unknown;

/** What a plan of `mapGroupsWithState` is made of besides its function. */
export interface GroupsOptions extends StatePlanOptions {
  readonly timeout?: MapGroupsNode['timeout'];
  readonly flat?: boolean;
  readonly key?: KeySpec;
  readonly dropLate?: boolean;
}

export function groupsPlan(apply: Apply, options: GroupsOptions = {}): Plan {
  const { timeout = 'none', flat = true, key = byFields('k'), ...others } = options;
  const { dropLate = timeout === 'event-time', ...rest } = others;
  const node = { kind: 'map-groups', key, flat, timeout, dropLate, apply: apply as never } as const;
  return statePlan(node, rest);
}

export const groupsDrive = (apply: Apply, options: GroupsOptions = {}) =>
  new StateDrive(groupsPlan(apply, options));

type Context<Parts extends StateParts> = ProcessContext<string, Parts, unknown>;

/** What a plan of `process` by the field `k` is made of. */
export interface Program<Parts extends StateParts> extends StatePlanOptions {
  readonly state?: Parts;
  readonly timers?: ProcessNode['timers'];
  readonly onRow: (row: UserRow, context: Context<Parts>) => unknown;
  readonly onTimer?: (timeMs: number, context: Context<Parts>) => unknown;
}

export function processPlan<Parts extends StateParts = Record<never, never>>(
  program: Program<Parts>,
): Plan {
  const { state = {}, timers = 'none', onRow, onTimer = null, ...options } = program;
  const functions = { onRow: onRow as never, onTimer: onTimer as never };
  return statePlan({ kind: 'process', key: byFields('k'), state, timers, ...functions }, options);
}

export const processDrive = <Parts extends StateParts = Record<never, never>>(
  program: Program<Parts>,
) => new StateDrive(processPlan(program));

/** Event times of the rows that a plan of `statePlan` gives out, batch by batch. */
export function emittedTimes(
  plan: Plan,
  batches: readonly (readonly unknown[])[],
  batchTimesMs: readonly number[] = [],
): readonly (readonly number[])[] {
  const pass = aPass();
  let times: number[] = [];
  const wired = wirePlan(plan, pass, () => (_, timeMs) => times.push(timeMs));
  const push = wired.pushes.get('events')!;
  const state = KeyedState.empty();
  const progress = new WatermarkProgress(pass, { ...PLAN_DEFAULTS, startMs: 0 });
  let watermarkMs: number | null = null;
  return batches.map((rows, index) => {
    const batchTimeMs = batchTimesMs[index] ?? ARRIVAL_MS;
    times = [];
    const draft = state.draft({ undoable: true });
    pass.draft = draft;
    const previous = GroupWatermarks.of(progress.lateMs(watermarkMs), []);
    const hashRange = { start: 0n, end: 2n ** 128n - 1n };
    pass.begin({ draft, hashRange, previous, batchTimeMs, tables: new Map() });
    for (const operator of wired.operators) operator.begin();
    for (const row of rows) {
      pass.beginRecord(batchTimeMs);
      push(row, Number.NaN);
      pass.endRecord();
    }
    for (const operator of wired.operators) operator.finishRows();
    const { closedMs, committedMs } = progress.advance(watermarkMs, null);
    const current = GroupWatermarks.of(closedMs, []);
    for (const operator of wired.operators) operator.close({ previous, current });
    watermarkMs = committedMs;
    state.adopt(draft);
    return times;
  });
}

/** What dead letters hold: their reason and detail, and the record or row as it was. */
export const deadOf = ({ dead }: PassAnswer) =>
  dead.map(({ reason, detail, data }) => ({
    reason,
    detail,
    about: JSON.parse(Buffer.from(String(data), 'base64').toString('utf8')),
  }));
