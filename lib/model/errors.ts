/**
 * What a reader of an error should do.
 *
 * - `fenced`: drop the warm state and recover; another invocation was first.
 * - `unavailable`: a service did not answer; let Lambda retry.
 * - `invalid`: the pipeline or its configuration is wrong; fix it and deploy again.
 * - `data`: a stored artefact or a record is broken; set it aside or repair it.
 * - `internal`: the engine contradicts itself; stop the sandbox.
 */
export type ErrorKind = 'fenced' | 'unavailable' | 'invalid' | 'data' | 'internal';

/** The only error the engine throws on purpose; `code` is stable, the message is for people. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly kind: ErrorKind;
  readonly code: string;

  constructor(kind: ErrorKind, message: string, options: ErrorOptions & { code?: string } = {}) {
    super(message, options);
    this.kind = kind;
    this.code = options.code ?? kind;
  }

  /** Whether the same call may succeed later without any change. */
  get retryable(): boolean {
    return this.kind === 'unavailable' || this.kind === 'fenced';
  }
}
