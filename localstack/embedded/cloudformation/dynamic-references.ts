// Texts of the form `{{resolve:ssm:NAME}}`, which stand for what another service keeps.

import { KNOWN_AFTER_APPLY, type Scope } from './intrinsics.ts';
import { validationError } from './refusals.ts';
import type { Json, JsonObject } from './template.ts';

const REFERENCE = /\{\{resolve:([^:}]*):([^}]*)\}\}/g;
/** A parameter here has one version, the first. */
const PARAMETER = /^([\w./-]+)(?::1)?$/;

/**
 * Replaces every reference in properties whose functions were resolved.
 *
 * @throws ServiceError `ValidationError` for a service that is not offered, or a parameter that is not there
 */
export function dereference(value: Json, scope: Pick<Scope, 'parameter'>): Json {
  if (typeof value === 'string') {
    // What a name is made of is known by the deployment itself only.
    if (value.includes(KNOWN_AFTER_APPLY)) return value;
    return value.replace(REFERENCE, (reference, service: string, name: string) => {
      const [, parameter] = PARAMETER.exec(name) ?? [];
      if (service === 'ssm' && parameter !== undefined) return scope.parameter(parameter);
      throw validationError(
        `the template has ${reference}, which the embedded cloud does not resolve: ` +
          'take {{resolve:ssm:NAME}}, a parameter of the template or the value itself',
      );
    });
  }
  if (Array.isArray(value)) return value.map((item) => dereference(item, scope));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, inner]) => [name, dereference(inner, scope)]),
  );
}
