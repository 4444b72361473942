// `mapWithState`: the user's function is called for each row at once. A key without rows for as long
// as the timeout, by the time of the batches, gets one last call without a row; then its state is
// gone, also when that call fails.

import type { MapWithStateNode } from '../plan/plan.ts';
import type { JsonValue } from '../state/json-value.ts';
import { HeldKeyState } from './group-state.ts';
import { KeyedValues } from './keyed-values.ts';
import { OperatorTimes } from './operator-times.ts';
import type { Pass, Push } from './pass.ts';
import type { OperatorContext, StatefulOperator, WiredOperator } from './stateful-operator.ts';
import { callUser } from './user-call.ts';

const TIMEOUT = 0;

export function createMapWithState(
  node: MapWithStateNode,
  context: OperatorContext,
): WiredOperator {
  const operator = new MapWithState(node, context);
  return { operator, pushes: [(row, timeMs) => operator.take(row, timeMs)] };
}

interface KeyCall {
  readonly row: unknown;
  readonly value: JsonValue | undefined;
  readonly isTimingOut: boolean;
}

class MapWithState implements StatefulOperator {
  readonly uid: string;
  readonly behindMs: number;
  private readonly node: MapWithStateNode;
  private readonly pass: Pass;
  private readonly next: Push;
  private readonly times: OperatorTimes;
  private readonly values: KeyedValues;

  constructor(node: MapWithStateNode, context: OperatorContext) {
    this.uid = node.uid;
    this.behindMs = context.behindMs;
    this.node = node;
    this.pass = context.pass;
    this.next = context.next;
    this.times = new OperatorTimes(context);
    const meaning = 'state of a key, timeout';
    this.values = new KeyedValues({ ...context, ...node, meaning, dueTimes: 1 });
  }

  begin(): void {
    this.times.begin();
    this.values.begin();
  }

  take(row: unknown, timeMs: number): void {
    const { values, pass } = this;
    const keyId = values.keyIdOf(row);
    pass.reached = true;
    const call = { row, value: values.valueOf(keyId), isTimingOut: false };
    const { out, value } = this.call(keyId, call);
    if (value === undefined) values.remove(keyId);
    else values.put(keyId, value, pass.batchTimeMs + (this.node.timeoutMs ?? Number.NaN));
    if (out !== undefined) this.next(out, this.times.outTime(timeMs, values.keyGroupOf(keyId)));
  }

  finishRows(): void {
    if (this.node.timeoutMs === null) return;
    const { batchTimeMs } = this.pass;
    for (const keyId of this.values.keysDue(TIMEOUT, (dueMs) => dueMs <= batchTimeMs)) {
      this.timeOut(keyId);
    }
  }

  close(): void {}

  countState(): number {
    return this.values.count();
  }

  private timeOut(keyId: number): void {
    const { values, times, pass } = this;
    const state = values.valueOf(keyId);
    values.remove(keyId);
    pass.run(
      () => {
        const call = { row: undefined, value: state, isTimingOut: true };
        const { out } = this.call(keyId, call);
        if (out !== undefined) this.next(out, times.clockTime(values.keyGroupOf(keyId)));
      },
      { key: values.shownKeyOf(keyId), state },
    );
  }

  private call(keyId: number, { row, value, isTimingOut }: KeyCall) {
    const { uid, values, times } = this;
    const apply = this.node.apply as (key: unknown, row: unknown, state: unknown) => unknown;
    const watermarkMs = times.current.of(values.keyGroupOf(keyId));
    const { batchTimeMs } = times;
    const state = new HeldKeyState({ uid, value, watermarkMs, batchTimeMs }, isTimingOut);
    try {
      const out = callUser(uid, () => apply(values.shownKeyOf(keyId), row, state));
      return { out, value: state.end() };
    } finally {
      state.end();
    }
  }
}
