// What user code of `process` works with during one call. Nothing it does reaches state or the
// operators behind before the call has ended well; afterwards all parts of the context are dead.

import type { ProcessContext, Timers } from '../plan/user-state.ts';
import { setOwn } from '../state/json-value.ts';
import { EVENT_TIME_MS_MAX, EVENT_TIME_MS_MIN, formatTime } from '../time/event-time.ts';
import { type KeyRecord, partOf, type StateSpecs } from './process-state.ts';
import { faultOf, operatorReturned, type RecordFault } from './record-fault.ts';
import { type OpenPart, openPart, type PartCall, type StoredPart } from './state-parts.ts';

/** What a call is begun with. */
export interface ContextStart {
  readonly uid: string;
  readonly key: unknown;
  readonly record: KeyRecord;
  readonly specs: StateSpecs;
  readonly watermarkMs: number;
  readonly batchTimeMs: number;
  /** The timer that fires; `null` in a call for a row. */
  readonly firingMs: number | null;
  /** Why timers cannot be registered; `null` where they can. */
  readonly timersRefused: string | null;
  /** Rows that come out at or before it would be late; `null` where rows have no event time. */
  readonly lateMs: number | null;
}

/** A row that a call gives out; without a time it has that of the call. */
export interface EmittedRow {
  readonly row: unknown;
  readonly timeMs: number | undefined;
}

type AnyContext = ProcessContext<unknown, Record<never, never>, unknown>;

export class CallContext implements PartCall {
  readonly uid: string;
  readonly batchTimeMs: number;
  /** What user code is given. */
  readonly shown: AnyContext;
  readonly emitted: EmittedRow[] = [];
  private readonly start: ContextStart;
  private readonly openParts: readonly (readonly [name: string, part: OpenPart])[];
  private timers: number[] | null = null;
  private ended = false;

  constructor(start: ContextStart) {
    this.start = start;
    this.uid = start.uid;
    this.batchTimeMs = start.batchTimeMs;
    this.openParts = start.specs.map(([name, spec]) => [
      name,
      openPart(spec, partOf(start.record.parts, name), this),
    ]);
    const state: Record<string, unknown> = {};
    for (const [name, part] of this.openParts) setOwn(state, name, part);
    this.shown = {
      key: start.key,
      state,
      timers: this.shownTimers(),
      watermarkMs: start.watermarkMs,
      batchTimeMs: start.batchTimeMs,
      emit: (row, timeMs) => this.emit(row, timeMs),
    };
  }

  assertAlive(): void {
    if (this.ended) throw new Error(`a context of '${this.uid}' was used after its call had ended`);
  }

  /** What is to be kept after a call that ended well; `null` when it changed nothing. */
  takeChange(): KeyRecord | null {
    const { record } = this.start;
    const parts: Record<string, StoredPart> = {};
    let isChanged = this.timers !== null;
    for (const [name, part] of this.openParts) {
      const change = part.takeChange();
      setOwn(parts, name, change ?? partOf(record.parts, name));
      isChanged ||= change !== null;
    }
    return isChanged ? { timers: this.timers ?? record.timers, parts } : null;
  }

  /** Ends the call, well or not. */
  end(): void {
    this.ended = true;
  }

  private shownTimers(): Timers {
    return {
      register: (timeMs) => this.register(timeMs),
      delete: (timeMs) => {
        this.assertAlive();
        this.timers = this.listed().filter((each) => each !== timeMs);
      },
      list: () => {
        this.assertAlive();
        return [...this.listed()];
      },
    };
  }

  private register(timeMs: number): void {
    this.assertAlive();
    const { timersRefused, firingMs } = this.start;
    if (timersRefused !== null) throw this.fault(`registered a timer, but ${timersRefused}`);
    if (!Number.isSafeInteger(timeMs)) {
      throw this.fault('registered a timer at no whole number of milliseconds');
    }
    if (firingMs !== null && timeMs <= firingMs) {
      throw this.fault(`registered a timer, ${timeMs}, not after the one that fires, ${firingMs}`);
    }
    const listed = this.listed();
    if (listed.includes(timeMs)) return;
    this.timers = [...listed, timeMs + 0].sort((left, right) => left - right);
  }

  private listed(): readonly number[] {
    return this.timers ?? this.start.record.timers;
  }

  private emit(row: unknown, timeMs: number | undefined): void {
    this.assertAlive();
    if (row === undefined) throw this.fault('emitted an undefined row');
    if (timeMs !== undefined) this.assertOnTime(timeMs);
    this.emitted.push({ row, timeMs });
  }

  private assertOnTime(timeMs: number): void {
    const { lateMs } = this.start;
    if (!(timeMs >= EVENT_TIME_MS_MIN && timeMs <= EVENT_TIME_MS_MAX)) {
      throw this.fault('emitted a row at no time between the years 1 and 9999');
    }
    if (lateMs === null || timeMs > lateMs) return;
    throw faultOf(
      'emitted-late',
      `operator '${this.uid}' emitted a row at ${formatTime(timeMs)}, which is not after the ` +
        `watermark, ${formatTime(lateMs)}`,
    );
  }

  private fault(what: string): RecordFault {
    return operatorReturned(this.uid, what);
  }
}
