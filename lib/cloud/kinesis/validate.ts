// Checks of request members, with the messages of the service.

import { ServiceError } from '../service.ts';

/** Refuses the request as the service's own model validation does. */
export function validationError(member: string, value: unknown, constraint: string): ServiceError {
  const shown = value === undefined || value === null ? 'null' : `'${String(value)}'`;
  return new ServiceError(
    'ValidationException',
    `1 validation error detected: Value ${shown} at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

export function required<Value>(value: Value | null | undefined, member: string): Value {
  if (value === undefined || value === null) {
    throw validationError(member, value, 'Member must not be null');
  }
  return value;
}

/** A required text of `min` to `max` characters, optionally of a pattern. */
export function text(
  value: string | undefined,
  member: string,
  limits: { readonly min?: number; readonly max: number; readonly pattern?: RegExp },
): string {
  const present = required(value, member);
  const min = limits.min ?? 1;
  if (present.length < min) {
    throw validationError(
      member,
      present,
      `Member must have length greater than or equal to ${min}`,
    );
  }
  if (present.length > limits.max) {
    throw validationError(
      member,
      present,
      `Member must have length less than or equal to ${limits.max}`,
    );
  }
  if (limits.pattern !== undefined && !limits.pattern.test(present)) {
    throw validationError(
      member,
      present,
      `Member must satisfy regular expression pattern: ${limits.pattern.source.slice(1, -1)}`,
    );
  }
  return present;
}

/** An integer from `min` to `max`; `fallback` when it is absent. */
export function integer(
  value: number | undefined,
  member: string,
  limits: { readonly min: number; readonly max: number; readonly fallback?: number },
): number {
  const present = required(value ?? limits.fallback, member);
  if (!Number.isInteger(present) || present < limits.min) {
    throw validationError(
      member,
      present,
      `Member must have value greater than or equal to ${limits.min}`,
    );
  }
  if (present > limits.max) {
    throw validationError(
      member,
      present,
      `Member must have value less than or equal to ${limits.max}`,
    );
  }
  return present;
}

/** One of a set of words. */
export function oneOf<Word extends string>(
  value: string | undefined,
  member: string,
  words: readonly Word[],
): Word {
  const present = required(value, member);
  const word = words.find((candidate) => candidate === present);
  if (word === undefined) {
    throw validationError(
      member,
      present,
      `Member must satisfy enum value set: [${words.join(', ')}]`,
    );
  }
  return word;
}

export function invalidArgument(message: string): ServiceError {
  return new ServiceError('InvalidArgumentException', message);
}
