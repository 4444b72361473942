// `mapGroupsWithState` and `flatMapGroupsWithState`: the rows of a batch are grouped by key, and the
// user's function is called once for each group, and once for each group whose timeout has passed.
// A call for rows clears the timeout that was set before; groups with rows are not timed out in the
// same batch. Timeouts by event time are looked for when the watermark has advanced. As in Spark a
// timeout is due when the watermark, or the clock of the batch, is past it and not only at it.

import type { MapGroupsNode } from '../plan/plan.ts';
import type { JsonValue } from '../state/json-value.ts';
import { HeldGroupState } from './group-state.ts';
import { KeyedValues, withoutWatermark } from './keyed-values.ts';
import { OperatorTimes } from './operator-times.ts';
import type { Pass, Push } from './pass.ts';
import { operatorReturned } from './record-fault.ts';
import { RowGroups } from './row-groups.ts';
import type {
  OperatorContext,
  StatefulOperator,
  Watermarks,
  WiredOperator,
} from './stateful-operator.ts';
import { rowsOf } from './stateless.ts';
import { callUser } from './user-call.ts';

const TIMEOUT = 0;

export function createMapGroups(node: MapGroupsNode, context: OperatorContext): WiredOperator {
  if (node.timeout === 'event-time' && !context.timed[0]) {
    throw withoutWatermark(node.uid, 'timeouts by event time');
  }
  const operator = new MapGroups(node, context);
  return { operator, pushes: [(row, timeMs) => operator.add(row, timeMs)] };
}

interface GroupCall {
  readonly rows: readonly unknown[];
  /** Event time of the rows that the call gives out. */
  readonly timeMs: number;
  readonly hasTimedOut: boolean;
}

class MapGroups implements StatefulOperator {
  readonly uid: string;
  readonly behindMs: number;
  private readonly node: MapGroupsNode;
  private readonly pass: Pass;
  private readonly next: Push;
  private readonly refuse: Push;
  private readonly times: OperatorTimes;
  private readonly values: KeyedValues;
  private readonly groups = new RowGroups();
  /** Keys that were called for rows in this batch. */
  private withRows = new Set<number>();

  constructor(node: MapGroupsNode, context: OperatorContext) {
    this.uid = node.uid;
    this.behindMs = context.behindMs;
    this.node = node;
    this.pass = context.pass;
    this.next = context.next;
    this.refuse = context.refuse;
    this.times = new OperatorTimes(context);
    const meaning = `state of a group, timeout by ${node.timeout}`;
    this.values = new KeyedValues({ ...context, ...node, meaning, dueTimes: 1 });
  }

  begin(): void {
    this.times.begin();
    this.values.begin();
    this.groups.clear();
    this.withRows = new Set();
  }

  add(row: unknown, timeMs: number): void {
    const keyId = this.values.keyIdOf(row);
    if (this.node.dropLate && this.times.isLate(timeMs, this.values.keyGroupOf(keyId))) {
      this.refuse(row, timeMs);
      return;
    }
    this.pass.reached = true;
    this.groups.add(keyId, { row, timeMs }, this.pass.draft.journal);
  }

  finishRows(): void {
    this.callGroups();
    if (this.node.timeout !== 'processing-time') return;
    const { batchTimeMs } = this.pass;
    for (const keyId of this.values.keysDue(TIMEOUT, (dueMs) => dueMs < batchTimeMs)) {
      if (this.withRows.has(keyId)) continue;
      this.timeOut(keyId, this.times.clockTime(this.values.keyGroupOf(keyId)));
    }
  }

  close({ current }: Watermarks): void {
    this.times.current = current;
    // Operators in front give out rows while they close, too.
    this.callGroups();
    if (this.node.timeout !== 'event-time') return;
    const due = (dueMs: number, keyGroup: number) => dueMs < current.of(keyGroup);
    for (const keyId of this.values.keysDue(TIMEOUT, due)) {
      const timeMs = this.values.dueOf(keyId, TIMEOUT);
      this.timeOut(keyId, this.times.outTime(timeMs, this.values.keyGroupOf(keyId)));
    }
  }

  countState(): number {
    return this.values.count();
  }

  private callGroups(): void {
    for (const [keyId, { rows, timeMs }] of this.groups.take()) {
      this.withRows.add(keyId);
      const outMs = this.times.outTime(timeMs, this.values.keyGroupOf(keyId));
      this.call(keyId, { rows, timeMs: outMs, hasTimedOut: false });
    }
  }

  private timeOut(keyId: number, timeMs: number): void {
    // Before the call, so that one that fails is not called again in every later batch.
    this.keep(keyId, this.values.valueOf(keyId), Number.NaN);
    this.call(keyId, { rows: [], timeMs, hasTimedOut: true });
  }

  private call(keyId: number, { rows, timeMs, hasTimedOut }: GroupCall): void {
    const { uid, node, values, times, next } = this;
    const key = values.shownKeyOf(keyId);
    this.pass.run(
      () => {
        const { timeout } = node;
        const watermarkMs = times.current.of(values.keyGroupOf(keyId));
        const { batchTimeMs } = times;
        const value = values.valueOf(keyId);
        const state = new HeldGroupState(
          { uid, value, watermarkMs, batchTimeMs },
          { hasTimedOut, timeout },
        );
        let out: readonly unknown[];
        try {
          out = this.apply(values.shownKeyOf(keyId), rows.slice(), state);
        } finally {
          state.end();
        }
        this.keep(keyId, state.end(), state.timeoutMs);
        for (const row of out) {
          if (row === undefined) throw operatorReturned(uid, 'returned an undefined row');
          next(row, timeMs);
        }
      },
      { key, rows },
    );
  }

  private apply(key: unknown, rows: unknown[], state: HeldGroupState): readonly unknown[] {
    const { uid, node } = this;
    const apply = node.apply as (key: unknown, rows: unknown[], state: unknown) => unknown;
    const returned = callUser(uid, () => apply(key, rows, state));
    return node.flat ? rowsOf(returned, uid) : [returned];
  }

  /** Keeps state and timeout of a group; one that has neither is forgotten. */
  private keep(keyId: number, value: JsonValue | undefined, dueMs: number): void {
    if (value === undefined && Number.isNaN(dueMs)) this.values.remove(keyId);
    else this.values.put(keyId, value, dueMs);
  }
}
