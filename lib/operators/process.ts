// `process`: user code with named state and timers. It is called for each row at once, and for each
// timer that is due: by event time when the watermark has advanced, by processing time when all rows
// of the batch have come. Timers fire in order of time, those of one time in the order of the keys;
// one that is registered while others fire, and is due already, takes its turn among them. State that
// has outlived its time to live, by the time of the batch, is cleaned up after the timers.

import { TIMERS_PER_BATCH_MAX } from '../model/limits.ts';
import type { ProcessNode } from '../plan/plan.ts';
import type { JsonValue } from '../state/json-value.ts';
import { KeyedValues, withoutWatermark } from './keyed-values.ts';
import { OperatorTimes } from './operator-times.ts';
import type { Pass, Push } from './pass.ts';
import { CallContext } from './process-context.ts';
import {
  firstExpiry,
  type KeyRecord,
  readRecord,
  recordToKeep,
  type StateSpecs,
} from './process-state.ts';
import type {
  OperatorContext,
  StatefulOperator,
  Watermarks,
  WiredOperator,
} from './stateful-operator.ts';
import { TimerQueue } from './timer-queue.ts';
import { callUser } from './user-call.ts';

const TIMER = 0;
const EXPIRY = 1;

export function createProcess(node: ProcessNode, context: OperatorContext): WiredOperator {
  if (node.timers === 'event-time' && !context.timed[0]) {
    throw withoutWatermark(node.uid, 'timers of event time');
  }
  const operator = new Process(node, context);
  return { operator, pushes: [(row, timeMs) => operator.take(row, timeMs)] };
}

interface Call {
  /** Event time of the rows that the call gives out without another. */
  readonly timeMs: number;
  /** The timer that fires; `null` in a call for a row. */
  readonly firingMs: number | null;
  readonly code: (context: CallContext['shown']) => unknown;
}

class Process implements StatefulOperator {
  readonly uid: string;
  readonly behindMs: number;
  private readonly node: ProcessNode;
  private readonly pass: Pass;
  private readonly next: Push;
  private readonly refuse: Push;
  private readonly times: OperatorTimes;
  private readonly values: KeyedValues;
  private readonly specs: StateSpecs;
  private readonly expires: boolean;
  private readonly timersRefused: string | null;

  constructor(node: ProcessNode, context: OperatorContext) {
    this.uid = node.uid;
    this.behindMs = context.behindMs;
    this.node = node;
    this.pass = context.pass;
    this.next = context.next;
    this.refuse = context.refuse;
    this.times = new OperatorTimes(context);
    this.specs = Object.entries(node.state);
    this.expires = this.specs.some(([, { ttlMs }]) => ttlMs !== null);
    this.timersRefused = timersRefused(node);
    const meaning = `process with ${partsText(this.specs)}, timers by ${node.timers}`;
    this.values = new KeyedValues({ ...context, ...node, meaning, dueTimes: 2 });
  }

  begin(): void {
    this.times.begin();
    this.values.begin();
  }

  take(row: unknown, timeMs: number): void {
    const keyId = this.values.keyIdOf(row);
    const keyGroup = this.values.keyGroupOf(keyId);
    if (this.node.timers === 'event-time' && this.times.isLate(timeMs, keyGroup)) {
      this.refuse(row, timeMs);
      return;
    }
    this.pass.reached = true;
    const onRow = this.node.onRow as (row: unknown, context: unknown) => unknown;
    this.call(keyId, {
      timeMs: this.times.outTime(timeMs, keyGroup),
      firingMs: null,
      code: (context) => onRow(row, context),
    });
  }

  finishRows(): void {
    const { batchTimeMs } = this.pass;
    if (this.node.timers === 'processing-time') {
      this.fire(
        () => batchTimeMs,
        (_, keyGroup) => this.times.clockTime(keyGroup),
      );
    }
    if (!this.expires) return;
    for (const keyId of this.values.keysDue(EXPIRY, (dueMs) => dueMs <= batchTimeMs)) {
      this.keep(keyId, readRecord(this.values.valueOf(keyId)));
    }
  }

  close({ current }: Watermarks): void {
    this.times.current = current;
    if (this.node.timers !== 'event-time') return;
    this.fire(
      (keyGroup) => current.of(keyGroup),
      (firingMs, keyGroup) => this.times.outTime(firingMs, keyGroup),
    );
  }

  countState(): number {
    return this.values.count();
  }

  /** Fires timers up to the time that has been reached; more than a batch can take stay due for the next. */
  private fire(
    reachedMs: (keyGroup: number) => number,
    timeOf: (firingMs: number, keyGroup: number) => number,
  ): void {
    const { values } = this;
    const queue = new TimerQueue();
    const due = values.keysDue(TIMER, (dueMs, keyGroup) => dueMs <= reachedMs(keyGroup));
    for (const [rank, keyId] of due.entries()) {
      queue.add({ timeMs: values.dueOf(keyId, TIMER), keyId, rank });
    }
    let fired = 0;
    for (let timer = queue.take(); timer !== undefined; timer = queue.take()) {
      if (fired === TIMERS_PER_BATCH_MAX) return;
      fired += 1;
      const { timeMs, keyId, rank } = timer;
      const keyGroup = values.keyGroupOf(keyId);
      this.fireOne(keyId, timeMs, timeOf(timeMs, keyGroup));
      const nextMs = values.dueOf(keyId, TIMER);
      if (nextMs <= reachedMs(keyGroup)) queue.add({ timeMs: nextMs, keyId, rank });
    }
  }

  private fireOne(keyId: number, firingMs: number, timeMs: number): void {
    const { values, node } = this;
    const record = readRecord(values.valueOf(keyId));
    // Before the call, so that one that fails is not called again in every later batch.
    this.keep(keyId, { ...record, timers: record.timers.slice(1) });
    const onTimer = node.onTimer as (timeMs: number, context: unknown) => unknown;
    this.pass.run(
      () => this.call(keyId, { timeMs, firingMs, code: (context) => onTimer(firingMs, context) }),
      { key: values.shownKeyOf(keyId), timer: firingMs },
    );
  }

  private call(keyId: number, { timeMs, firingMs, code }: Call): void {
    const { uid, values, times, specs, timersRefused } = this;
    const keyGroup = values.keyGroupOf(keyId);
    const context = new CallContext({
      uid,
      key: values.shownKeyOf(keyId),
      record: readRecord(values.valueOf(keyId)),
      specs,
      watermarkMs: times.current.of(keyGroup),
      batchTimeMs: times.batchTimeMs,
      firingMs,
      timersRefused,
      lateMs: times.timed ? times.lateMs(keyGroup) : null,
    });
    let change: KeyRecord | null;
    try {
      callUser(uid, () => code(context.shown));
      change = context.takeChange();
    } finally {
      context.end();
    }
    if (change !== null) this.keep(keyId, change);
    for (const { row, timeMs: ownMs } of context.emitted) this.next(row, ownMs ?? timeMs);
  }

  private keep(keyId: number, record: KeyRecord): void {
    const { values, specs, pass } = this;
    const kept = recordToKeep(record, specs, pass.batchTimeMs);
    if (kept === undefined) {
      values.remove(keyId);
      return;
    }
    const firstTimerMs = kept.timers[0] ?? Number.NaN;
    values.put(keyId, kept as unknown as JsonValue, firstTimerMs, firstExpiry(kept, specs));
  }
}

function timersRefused({ timers, onTimer }: ProcessNode): string | null {
  if (timers === 'none') return 'no timers are declared';
  return onTimer === null ? 'there is no onTimer' : null;
}

function partsText(specs: StateSpecs): string {
  const texts = specs.map(
    ([name, { kind, ttlMs }]) =>
      `${JSON.stringify(name)} ${kind}${ttlMs === null ? '' : ' with ttl'}`,
  );
  return texts.sort().join(', ') || 'no state';
}
