// Drives a plan of one join batch by batch: two sources, or one table, by hand.

import { asShardId } from '../../lib/model/ids.ts';
import { GroupWatermarks } from '../../lib/operators/group-watermarks.ts';
import { wirePlan } from '../../lib/operators/wire-plan.ts';
import {
  type JoinNode,
  type KeySpec,
  PLAN_DEFAULTS,
  type Plan,
  type PlanNode,
  type TimeBound,
} from '../../lib/plan/plan.ts';
import type { BatchInput } from '../../lib/runtime/batch.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { aPass, PassDrive } from './passes.ts';

export type SideName = 'left' | 'right';
type Row = Record<string, unknown>;

export interface JoinOptions extends Partial<Omit<JoinNode, 'kind' | 'uid' | 'inputs'>> {
  /** Delays of the watermarks; `null`: the side has event time but no watermark. */
  readonly delays?: Readonly<Record<SideName, number | null>>;
  /** Nodes between the join and the sink; the first takes the rows of 'pairs'. */
  readonly behind?: readonly PlanNode[];
}

export const keyOf = (...fields: readonly string[]): KeySpec => ({
  fields,
  selectors: fields.map((field) => ({ kind: 'field', field })),
});

/** Bounds of right time - left time as an interval is written: `bound('[', -2, 5, ')')`. */
export const bound = (
  open: '[' | '(',
  lowerMs: number | null,
  upperMs: number | null,
  end: ']' | ')',
): TimeBound => ({ lowerMs, lowerInclusive: open === '[', upperMs, upperInclusive: end === ']' });

/** A plan that joins the sources 'left' and 'right', with rows `{ k, t, … }`. */
function joinPlan({ delays, behind = [], ...join }: JoinOptions): Plan {
  const side = (name: SideName): PlanNode[] => {
    const delayMs = delays === undefined ? 0 : delays[name];
    const time = { kind: 'field', field: 't' } as const;
    return [
      { kind: 'kinesis-source', uid: name, inputs: [], name, schema: null, partitionedBy: null },
      delayMs === null
        ? { kind: 'event-time', uid: `${name} time`, inputs: [name], time, unit: 'milliseconds' }
        : {
            kind: 'watermark',
            uid: `${name} time`,
            inputs: [name],
            time,
            unit: 'milliseconds',
            delayMs,
            maxAheadMs: Number.POSITIVE_INFINITY,
            idleTimeoutMs: null,
            startMs: 0,
          },
    ];
  };
  return {
    ...PLAN_DEFAULTS,
    name: 'joined',
    hash: '0000000000000000',
    inOneTask: true,
    nodes: [
      ...side('left'),
      ...side('right'),
      {
        kind: 'join',
        uid: 'pairs',
        inputs: ['left time', 'right time'],
        type: 'inner',
        leftKey: keyOf('k'),
        rightKey: keyOf('k'),
        nullSafe: false,
        within: null,
        window: null,
        where: null,
        leftWhere: null,
        rightWhere: null,
        ...join,
      },
      ...behind,
      {
        kind: 's3-sink',
        uid: 'out',
        inputs: [behind.at(-1)?.uid ?? 'pairs'],
        mode: 'append',
        name: 'out',
        partitionBy: 'none',
      },
    ],
  };
}

/** A join with its state. */
export class JoinDrive {
  readonly plan: Plan;
  private readonly drive: PassDrive;

  constructor(options: JoinOptions, plan = joinPlan(options)) {
    this.plan = plan;
    this.drive = new PassDrive(this.plan);
  }

  /** Passes rows as one batch: those of the left side first. */
  push(batch: Partial<Record<SideName, readonly unknown[]>>) {
    const { left = [], right = [] } = batch;
    return this.pushInOrder([
      ...left.map((row) => ['left', row] as const),
      ...right.map((row) => ['right', row] as const),
    ]);
  }

  /** Passes rows as one batch, in this order. */
  pushInOrder(
    rows: readonly (readonly [SideName, unknown])[],
    overrides: Partial<BatchInput> = {},
  ) {
    const shardId = asShardId('shardId-000000000000');
    const answer = this.drive.push(
      rows.map(([, row]) => row),
      { originOf: (index) => ({ source: rows[index]![0], shardId }), ...overrides },
    );
    const { late, lateRows } = answer.result.counts;
    return {
      rows: (answer.rows['out'] ?? []) as readonly Row[],
      late: late + lateRows,
      dead: answer.dead,
      counts: answer.result.counts,
      delta: answer.delta,
      watermarkMs: this.watermarkMs,
      stored: this.stored(),
    };
  }

  get watermarkMs(): number {
    return this.drive.watermarkMs ?? 0;
  }

  get state(): KeyedState {
    return this.drive.state;
  }

  /** The state as a new sandbox has it. */
  coldStart(state = fromSnapshot(this.drive.state)): void {
    this.drive.state = state;
  }

  /** How many rows the join keeps. */
  stored(): number {
    const { join, watermarks } = this.idle();
    return join.countState(watermarks.behind(join.behindMs));
  }

  /** How many lists of rows state holds for the join. */
  lists(): number {
    return this.idle().draft.operators.get('pairs')!.state.rowCount();
  }

  /** The join between two batches. */
  private idle() {
    const pass = aPass();
    const { operators } = wirePlan(this.plan, pass, () => () => {});
    const watermarks = GroupWatermarks.of(this.watermarkMs, []);
    const draft = this.drive.state.draft();
    pass.begin({
      draft,
      hashRange: this.drive.hashRange,
      previous: watermarks,
      batchTimeMs: 0,
      tables: new Map(),
    });
    const join = operators.find(({ uid }) => uid === 'pairs')!;
    join.begin();
    return { join, watermarks, draft };
  }
}

/** What a snapshot of a state holds. */
export const fromSnapshot = (state: KeyedState): KeyedState =>
  KeyedState.fromSegments(state.encodeSegments().map(({ bytes }) => bytes));

/** The bytes of a state, to compare. */
export const bytesOf = (state: KeyedState): string =>
  state
    .encodeSegments()
    .map(({ bytes }) => Buffer.from(bytes).toString('hex'))
    .join(' ');
