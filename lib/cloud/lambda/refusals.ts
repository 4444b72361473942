// Lambda's refusals, with its codes and status codes.

import { ServiceError } from '../service.ts';

const refuse = (code: string, statusCode: number) => (message: string) =>
  new ServiceError(code, message, { statusCode, fields: { Type: 'User' } });

export const invalidParameter = refuse('InvalidParameterValueException', 400);
export const notFound = refuse('ResourceNotFoundException', 404);
export const conflict = refuse('ResourceConflictException', 409);

/** An integer in `[min, max]`, or `fallback` when absent. */
export function settingInteger(
  value: number | undefined,
  name: string,
  limits: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  const present = value ?? limits.fallback;
  if (Number.isInteger(present) && present >= limits.min && present <= limits.max) return present;
  throw invalidParameter(
    `${name} must be an integer from ${limits.min} to ${limits.max}, got ${present}.`,
  );
}
