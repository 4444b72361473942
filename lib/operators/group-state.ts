// The state of one key while user code works with it. Nothing reaches the draft before the call has
// ended well, and a state that user code kept hold of is dead by then.

import type { TimeoutKind } from '../plan/plan.ts';
import type { CallTimes, GroupState, KeyState } from '../plan/user-state.ts';
import type { JsonValue } from '../state/json-value.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import type { RecordFault } from './record-fault.ts';
import { operatorReturned } from './record-fault.ts';
import { copyOf, jsonToKeep } from './user-call.ts';

/** What a state is begun with. */
export interface StateStart extends CallTimes {
  readonly uid: string;
  /** Nobody may change it. */
  readonly value: JsonValue | undefined;
}

/** What both kinds of state have in common. */
class HeldState implements CallTimes {
  readonly watermarkMs: number;
  readonly batchTimeMs: number;
  protected readonly uid: string;
  private value: JsonValue | undefined;
  private ended = false;

  constructor({ uid, value, watermarkMs, batchTimeMs }: StateStart) {
    this.uid = uid;
    this.value = value;
    this.watermarkMs = watermarkMs;
    this.batchTimeMs = batchTimeMs;
  }

  get exists(): boolean {
    this.assertAlive();
    return this.value !== undefined;
  }

  get(): unknown {
    const value = this.getOption();
    if (value === undefined) throw this.fault('asked for a state that is not there');
    return value;
  }

  getOption(): unknown {
    this.assertAlive();
    return copyOf(this.value);
  }

  update(state: unknown): void {
    this.assertAlive();
    this.value = jsonToKeep(this.uid, state);
  }

  remove(): void {
    this.assertAlive();
    this.value = undefined;
  }

  /** Ends the call; gives the value to keep. */
  end(): JsonValue | undefined {
    this.ended = true;
    return this.value;
  }

  protected assertAlive(): void {
    if (this.ended) throw new Error(`a state of '${this.uid}' was used after its call had ended`);
  }

  protected fault(what: string): RecordFault {
    return operatorReturned(this.uid, what);
  }
}

/** The state of a group in `mapGroupsWithState`. */
export class HeldGroupState extends HeldState implements GroupState<unknown> {
  readonly hasTimedOut: boolean;
  /** When the timeout that this call set is due, NaN where it set none. */
  private dueMs = Number.NaN;
  private readonly timeout: TimeoutKind;

  constructor(
    start: StateStart,
    call: { readonly hasTimedOut: boolean; readonly timeout: TimeoutKind },
  ) {
    super(start);
    this.hasTimedOut = call.hasTimedOut;
    this.timeout = call.timeout;
  }

  get timeoutMs(): number {
    return this.dueMs;
  }

  setTimeoutDuration(duration: Duration): void {
    this.assertAlive();
    if (this.timeout !== 'processing-time') {
      throw this.fault(`set a timeout duration, which needs timeout: 'processing-time'`);
    }
    const durationMs = parseDuration(duration);
    if (durationMs <= 0) throw this.fault('set a timeout duration that is not positive');
    this.dueMs = this.batchTimeMs + durationMs;
  }

  setTimeoutTimestamp(timestampMs: number): void {
    this.assertAlive();
    if (this.timeout !== 'event-time') {
      throw this.fault(`set a timeout timestamp, which needs timeout: 'event-time'`);
    }
    if (!Number.isSafeInteger(timestampMs)) {
      throw this.fault('set a timeout timestamp that is no whole number of milliseconds');
    }
    if (timestampMs < this.watermarkMs) {
      throw this.fault(
        `set a timeout timestamp, ${timestampMs}, before the watermark, ${this.watermarkMs}`,
      );
    }
    // Negative zero would be other bytes in state.
    this.dueMs = timestampMs + 0;
  }
}

/** The state of a key in `mapWithState`. */
export class HeldKeyState extends HeldState implements KeyState<unknown> {
  readonly isTimingOut: boolean;

  constructor(start: StateStart, isTimingOut: boolean) {
    super(start);
    this.isTimingOut = isTimingOut;
  }

  override update(state: unknown): void {
    this.assertStays();
    super.update(state);
  }

  override remove(): void {
    this.assertStays();
    super.remove();
  }

  private assertStays(): void {
    this.assertAlive();
    if (this.isTimingOut) throw this.fault('changed a state that is timing out');
  }
}
