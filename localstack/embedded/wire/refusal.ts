import { ServiceError } from '../../../lib/cloud/service.ts';

/** What a face answers when something was thrown: refusals of a service as they are, the rest as 500. */
export function refusalOf(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ServiceError('InternalFailure', `the embedded cloud failed: ${detail}`, {
    statusCode: 500,
  });
}

/** A request whose bytes are not what the protocol demands. */
export function malformed(message: string): ServiceError {
  return new ServiceError('SerializationException', message);
}

/** A call of one service model; throws `ServiceError` for a refusal. */
export type CallService = (service: string, operation: string, input: object) => object;
