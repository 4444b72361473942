import { EngineError } from './errors.ts';

/** Throws an `internal` error with `message` unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new EngineError('internal', message);
}
