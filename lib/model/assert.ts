import { EngineError } from './errors.ts';

/** Throws an `internal` error with `message` unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new EngineError('internal', message);
}

/** Marks a branch the types have ruled out; reaching it is an `internal` error. */
export function unreachable(value: never): never {
  throw new EngineError('internal', `no case for ${JSON.stringify(value)}`);
}
