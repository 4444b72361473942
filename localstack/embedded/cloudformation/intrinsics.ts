// CloudFormation's functions. Resolving is pure: the scope says what references mean.

import { Refused } from '../refused.ts';
import type { Json, JsonObject } from './template.ts';

/** What a name stands for while a stack is deployed. */
export interface Scope {
  /** A parameter, a pseudo parameter or a resource's physical id. */
  ref(name: string): Json;
  attribute(logicalId: string, name: string): Json;
  condition(name: string): boolean;
  mapping(map: string, first: string, second: string): Json;
}

type Resolve = (argument: Json, scope: Scope) => Resolved;
/** Undefined is `AWS::NoValue`: the member disappears. */
type Resolved = Json | undefined;

/**
 * Replaces every function call in `value`.
 *
 * @throws Refused for a function that is not offered, or arguments that make no sense
 */
export function resolve(value: Json, scope: Scope): Resolved {
  if (Array.isArray(value)) {
    return value.map((item) => resolve(item, scope)).filter((item) => item !== undefined);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as JsonObject);
  const [name, argument] = entries[0] ?? [];
  if (entries.length === 1 && isFunction(name!)) {
    const apply = FUNCTIONS[name!];
    if (apply === undefined) {
      throw new Refused(`the template uses ${name}, which the embedded cloud does not offer`);
    }
    return apply(argument!, scope);
  }
  const resolved: Record<string, Json> = {};
  for (const [member, inner] of entries) {
    const result = resolve(inner, scope);
    if (result !== undefined) resolved[member] = result;
  }
  return resolved;
}

/** Logical ids and parameters that `value` mentions. */
export function referencesIn(value: Json): Set<string> {
  const found = new Set<string>();
  collectReferences(value, found);
  return found;
}

/** Whether a condition of the template holds. */
export function holds(condition: Json, scope: Scope): boolean {
  return resolve(condition, scope) === true;
}

const SUBSTITUTION = /\$\{(!?)([^}]+)\}/g;

function isFunction(name: string): boolean {
  return name === 'Ref' || name === 'Condition' || name.startsWith('Fn::');
}

const FUNCTIONS: Readonly<Record<string, Resolve>> = {
  Ref: (argument, scope) => {
    const name = textOf(argument, 'Ref');
    return name === 'AWS::NoValue' ? undefined : scope.ref(name);
  },
  // In a resource's own properties a member called Condition can only be a policy's: it is an object.
  Condition: (argument, scope) =>
    typeof argument === 'string'
      ? scope.condition(argument)
      : { Condition: resolve(argument, scope) ?? null },
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, ...rest] =
      typeof argument === 'string' ? argument.split('.') : listOf(argument, 'Fn::GetAtt');
    return scope.attribute(
      String(logicalId),
      rest.map((part) => textOf(resolve(part, scope), 'Fn::GetAtt')).join('.'),
    );
  },
  'Fn::Join': (argument, scope) => {
    const [separator, items] = listOf(argument, 'Fn::Join');
    const parts = listOf(resolve(items!, scope), 'Fn::Join');
    return parts.map((part) => textOf(part, 'Fn::Join')).join(textOf(separator, 'Fn::Join'));
  },
  'Fn::Sub': (argument, scope) => {
    const [template, own] =
      typeof argument === 'string' ? [argument, {}] : listOf(argument, 'Fn::Sub');
    return textOf(template, 'Fn::Sub').replace(SUBSTITUTION, (_all, literal, name: string) => {
      if (literal !== '') return `\${${name}}`;
      const local = (own as JsonObject)[name];
      const value =
        local !== undefined
          ? resolve(local, scope)
          : name.includes('.')
            ? scope.attribute(name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1))
            : scope.ref(name);
      return textOf(value, `Fn::Sub of ${name}`);
    });
  },
  'Fn::Select': (argument, scope) => {
    const [index, items] = listOf(argument, 'Fn::Select');
    const list = listOf(resolve(items!, scope), 'Fn::Select');
    const chosen = list[Number(resolve(index!, scope))];
    if (chosen === undefined)
      throw new Refused(`Fn::Select has no element ${JSON.stringify(index)}`);
    return chosen;
  },
  'Fn::Split': (argument, scope) => {
    const [separator, text] = listOf(argument, 'Fn::Split');
    return textOf(resolve(text!, scope), 'Fn::Split').split(textOf(separator, 'Fn::Split'));
  },
  'Fn::Base64': (argument, scope) =>
    Buffer.from(textOf(resolve(argument, scope), 'Fn::Base64')).toString('base64'),
  'Fn::FindInMap': (argument, scope) => {
    const names = listOf(argument, 'Fn::FindInMap').map((name) =>
      textOf(resolve(name, scope), 'Fn::FindInMap'),
    );
    const [map = '', first = '', second = ''] = names;
    return scope.mapping(map, first, second);
  },
  'Fn::If': (argument, scope) => {
    const [name, then, otherwise] = listOf(argument, 'Fn::If');
    return resolve(scope.condition(textOf(name, 'Fn::If')) ? then! : otherwise!, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = listOf(argument, 'Fn::Equals').map((side) => resolve(side, scope));
    return JSON.stringify(left) === JSON.stringify(right);
  },
  'Fn::Not': (argument, scope) => !holds(listOf(argument, 'Fn::Not')[0]!, scope),
  'Fn::And': (argument, scope) => listOf(argument, 'Fn::And').every((one) => holds(one, scope)),
  'Fn::Or': (argument, scope) => listOf(argument, 'Fn::Or').some((one) => holds(one, scope)),
};

function textOf(value: Resolved, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Refused(`${where} needs text, not ${JSON.stringify(value)}`);
}

function listOf(value: Resolved, where: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw new Refused(`${where} needs a list, not ${JSON.stringify(value)}`);
}

function collectReferences(value: Json, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectReferences(item, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value as JsonObject)) {
    if (name === 'Ref' && typeof inner === 'string') found.add(inner);
    else if (name === 'Fn::GetAtt') {
      found.add(typeof inner === 'string' ? inner.split('.')[0]! : String((inner as Json[])[0]));
    } else if (name === 'Fn::Sub') collectSubstitutions(inner, found);
    else collectReferences(inner, found);
  }
}

function collectSubstitutions(argument: Json, found: Set<string>): void {
  const [template, own] = Array.isArray(argument) ? argument : [argument, {}];
  for (const [, literal, name] of String(template).matchAll(SUBSTITUTION)) {
    if (literal === '') found.add(name!.split('.')[0]!);
  }
  collectReferences(own ?? {}, found);
}
