import { EngineError } from '../lib/model/errors.ts';

/** Stops the synthesis with a sentence for the author of the pipeline: what is wrong, the fix. */
export function refuse(sentence: string, cause?: unknown): never {
  throw new EngineError('invalid', sentence, cause === undefined ? {} : { cause });
}

/** Whether `error` is a sentence for the author; a bundled copy of the library has its own class. */
export function isRefusal(error: unknown): error is Error {
  return (
    error instanceof Error &&
    error.name === 'EngineError' &&
    Reflect.get(error, 'kind') === 'invalid'
  );
}
