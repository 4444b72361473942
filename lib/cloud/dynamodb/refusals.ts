import { ServiceError } from '../service.ts';

/** The refusal of a request that breaks a rule, in the service's words. */
export function validationError(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

/** A rule about one or more parameters was broken. */
export function parameterError(message: string): ServiceError {
  return validationError(`One or more parameter values were invalid: ${message}`);
}

/** No such table, for the operations on items. */
export function resourceNotFound(detail = ''): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Requested resource not found${detail}`);
}
