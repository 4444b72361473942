// CloudFormation's functions. Resolving is pure: the scope says what references mean.

import { validationError } from './refusals.ts';
import type { Json, JsonObject } from './template.ts';

/** What a name stands for while a stack is deployed. */
export interface Scope {
  /** A parameter, a pseudo parameter or a resource's physical id. */
  ref(name: string): Json;
  attribute(logicalId: string, name: string): Json;
  condition(name: string): boolean;
  /** Undefined when the map has no such entry. */
  mapping(map: string, first: string, second: string): Json | undefined;
  /** The value that a stack exports under this name. */
  imported(name: string): Json;
  /** An output of another stack, exported or not. */
  outputOf(stackName: string, output: string): Json;
  /** The value of a parameter of SSM. */
  parameter(name: string): string;
}

/** What stands for a value that only the deployment itself can tell. */
export const KNOWN_AFTER_APPLY = '{{changeSet:KNOWN_AFTER_APPLY}}';

type Resolve = (argument: Json, scope: Scope) => Resolved;
/** Undefined is `AWS::NoValue`: the member disappears. */
type Resolved = Json | undefined;

/**
 * Replaces every function call in `value`.
 *
 * @throws ServiceError `ValidationError` for a function that is not offered, or arguments that make no sense
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
      throw validationError(`the template uses ${name}, which the embedded cloud does not offer`);
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
    const resolved = resolve(items!, scope);
    if (isUnknown(resolved)) return KNOWN_AFTER_APPLY;
    const parts = listOf(resolved, 'Fn::Join');
    return parts.map((part) => textOf(part, 'Fn::Join')).join(textOf(separator, 'Fn::Join'));
  },
  'Fn::Sub': (argument, scope) => {
    const [template, own] =
      typeof argument === 'string' ? [argument, {}] : listOf(argument, 'Fn::Sub');
    return textOf(template, 'Fn::Sub').replace(SUBSTITUTION, (_all, literal, name: string) => {
      if (literal !== '') return `\${${name}}`;
      const local = ((own ?? {}) as JsonObject)[name];
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
    const resolved = resolve(items!, scope);
    if (isUnknown(resolved)) return KNOWN_AFTER_APPLY;
    const list = listOf(resolved, 'Fn::Select');
    const chosen = list[Number(resolve(index!, scope))];
    if (chosen === undefined)
      throw validationError(`Fn::Select has no element ${JSON.stringify(index)}`);
    return chosen;
  },
  'Fn::Split': (argument, scope) => {
    const [separator, text] = listOf(argument, 'Fn::Split');
    const resolved = resolve(text!, scope);
    if (isUnknown(resolved)) return KNOWN_AFTER_APPLY;
    return textOf(resolved, 'Fn::Split').split(textOf(separator, 'Fn::Split'));
  },
  'Fn::Base64': (argument, scope) =>
    Buffer.from(textOf(resolve(argument, scope), 'Fn::Base64')).toString('base64'),
  'Fn::FindInMap': (argument, scope) => {
    const [map = '', first = '', second = '', options] = listOf(argument, 'Fn::FindInMap').map(
      (one) => resolve(one, scope),
    );
    const names = [map, first, second].map((name) => textOf(name, 'Fn::FindInMap'));
    const value = scope.mapping(names[0]!, names[1]!, names[2]!) ?? defaultOf(options);
    if (value !== undefined) return value;
    throw validationError(`Template error: Unable to get mapping for ${names.join('::')}`);
  },
  'Fn::If': (argument, scope) => {
    const [name, then, otherwise] = listOf(argument, 'Fn::If');
    return resolve(scope.condition(textOf(name, 'Fn::If')) ? then! : otherwise!, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = listOf(argument, 'Fn::Equals').map((side) => resolve(side, scope));
    return JSON.stringify(left) === JSON.stringify(right);
  },
  'Fn::Contains': (argument, scope) => {
    const [list, wanted] = listOf(argument, 'Fn::Contains').map((side) => resolve(side, scope));
    return listOf(list, 'Fn::Contains').map(String).includes(textOf(wanted, 'Fn::Contains'));
  },
  'Fn::ImportValue': (argument, scope) =>
    scope.imported(textOf(resolve(argument, scope), 'Fn::ImportValue')),
  'Fn::GetStackOutput': (argument, scope) => {
    const { StackName, OutputName } = (resolve(argument, scope) ?? {}) as JsonObject;
    const name = 'Fn::GetStackOutput';
    return scope.outputOf(textOf(StackName, name), textOf(OutputName, name));
  },
  'Fn::Length': (argument, scope) => listOf(resolve(argument, scope), 'Fn::Length').length,
  'Fn::ToJsonString': (argument, scope) => JSON.stringify(resolve(argument, scope) ?? null),
  'Fn::Not': (argument, scope) => !holds(listOf(argument, 'Fn::Not')[0]!, scope),
  'Fn::And': (argument, scope) => listOf(argument, 'Fn::And').every((one) => holds(one, scope)),
  'Fn::Or': (argument, scope) => listOf(argument, 'Fn::Or').some((one) => holds(one, scope)),
};

/** The value in `{ DefaultValue: … }`. */
function defaultOf(options: Resolved): Resolved {
  const isObject = typeof options === 'object' && options !== null;
  return isObject ? (options as JsonObject)['DefaultValue'] : undefined;
}

/** A text that holds the unknown is unknown as a whole for what would take it apart. */
function isUnknown(value: Resolved): boolean {
  return typeof value === 'string' && value.includes(KNOWN_AFTER_APPLY);
}

function textOf(value: Resolved, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw validationError(`${where} needs text, not ${JSON.stringify(value)}`);
}

function listOf(value: Resolved, where: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw validationError(`${where} needs a list, not ${JSON.stringify(value)}`);
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
      const [logicalId] = typeof inner === 'string' ? inner.split('.') : listOf(inner, name);
      found.add(String(logicalId));
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
