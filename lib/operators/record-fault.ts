// A record that cannot be applied is no error of the engine: it becomes a dead letter, and its
// neighbours go on. A fault carries no stack trace, because a batch may be full of them.

import { EngineError } from '../model/errors.ts';

/** Why a record was set aside; the codes are stable, they stand in dead letters. */
export type FaultReason =
  | 'schema'
  | 'operator-failed'
  | 'key-missing'
  | 'key-invalid'
  | 'key-too-large'
  | 'wrong-shard'
  | 'not-a-number'
  | 'not-finite'
  | 'out-of-range'
  | 'not-comparable'
  | 'not-a-boolean'
  | 'not-a-scalar'
  | 'value-too-large'
  | 'group-too-large'
  | 'event-time-missing'
  | 'event-time-invalid'
  | 'event-time-ahead'
  | 'emitted-late';

/** Longest text of a user's error in a dead letter: enough to find it, too short to leak a record. */
const ERROR_TEXT_MAX = 200;

/** Thrown by operators, caught once per record. */
export class RecordFault {
  readonly reason: string;
  /** A sentence that never quotes the record. */
  readonly detail: string;

  constructor(reason: string, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

/** A fault of one of the engine's own checks. */
export function faultOf(reason: FaultReason, detail: string): RecordFault {
  return new RecordFault(reason, detail);
}

/** The fault for what user code threw; a fault from further down the plan stays what it is. */
export function operatorFailed(uid: string, thrown: unknown): RecordFault {
  if (isA(thrown, RecordFault)) return thrown;
  return faultOf('operator-failed', `operator '${uid}' threw ${thrownText(thrown)}`);
}

/**
 * The fault for whatever stopped a row on its way through the plan. User code does not run only where
 * the engine calls it: a getter or a proxy runs wherever a row is read, and what a validator returns
 * may have any form. An error of the engine is no row's fault and is thrown on.
 */
export function faultOfThrown(thrown: unknown): RecordFault {
  if (isA(thrown, RecordFault)) return thrown;
  if (isA(thrown, EngineError)) throw thrown;
  return faultOf('operator-failed', `code of the pipeline threw ${thrownText(thrown)}`);
}

/** The fault for what user code returned. */
export function operatorReturned(uid: string, what: string): RecordFault {
  return faultOf('operator-failed', `operator '${uid}' ${what}`);
}

/** User code can throw anything, also proxies that throw when they are asked what they are. */
function isA<Type>(
  thrown: unknown,
  type: abstract new (...values: never[]) => Type,
): thrown is Type {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

/** User code can throw anything, also things whose own text throws. */
export function thrownText(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return text.slice(0, ERROR_TEXT_MAX);
  } catch {
    return 'something that has no text';
  }
}
