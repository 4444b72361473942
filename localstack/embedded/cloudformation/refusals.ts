// CloudFormation's refusals, by the names of its API reference ("Common Errors" and the errors of each
// action).

import { ServiceError } from '../../../lib/cloud/service.ts';

export function validationError(message: string): ServiceError {
  return new ServiceError('ValidationError', message);
}

export function stackNotFound(stack: string): ServiceError {
  return validationError(`Stack [${stack}] does not exist`);
}

/** What a service said, or what is wrong with the template: the words without their wrapping. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
