import { EngineError } from '../../model/errors.ts';

/** Codes that no retry of the same deploy can heal: the configuration or the permissions are wrong. */
const PERMANENT = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'NoSuchBucket',
  'ResourceNotFoundException',
  'ValidationException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
]);

/** Maps what the SDK threw to a kind of error; `doing` says what was being done, without any data. */
export function toEngineError(doing: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  const name = cause instanceof Error ? cause.name : 'unknown error';
  const kind = PERMANENT.has(name) ? 'invalid' : 'unavailable';
  return new EngineError(kind, `${doing}: ${name}`, { cause, code: name });
}
