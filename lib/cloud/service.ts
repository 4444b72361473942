// The shape every service model has. A call is synchronous, pure apart from the model's own state,
// and deterministic: time comes in with the call and ids come from counters, so that the same calls
// in the same order give the same answers, in the simulation and when a journal is replayed.

/** Moment of a call, in milliseconds since 1970 UTC. */
export interface CallContext {
  readonly nowMs: number;
}

/**
 * One AWS service. Operation names, inputs and outputs are those of the SDK for JavaScript
 * (`PutItem` with `{ TableName, Item }`), blobs are Uint8Array, timestamps are numbers of
 * milliseconds; the faces turn them into the wire's forms.
 */
export interface ServiceModel {
  call(operation: string, input: object, context: CallContext): object;
}

/** A refusal as the service documents it; `fields` are extra members of the answer (`Item`, …). */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: string;
  readonly statusCode: number;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { statusCode?: number; fields?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message);
    this.code = code;
    this.statusCode = options.statusCode ?? 400;
    this.fields = options.fields ?? {};
  }
}
