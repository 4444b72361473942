// A template with its parameters: which resources there shall be, in which order, with which properties.

import { dereference } from './dynamic-references.ts';
import { holds, resolve, type Scope } from './intrinsics.ts';
import { assertDependencies, planOrder } from './order.ts';
import { validationError } from './refusals.ts';
import { refuseUnknownProperties } from './refused-properties.ts';
import { RESOURCE_TYPES } from './resources/index.ts';
import { objectOf } from './resources/resource-type.ts';
import { createScope, type Place, type ScopeOptions } from './scope.ts';
import type { Blueprint, Stack, StackOutput } from './stack.ts';
import {
  type JsonObject,
  parseTemplate,
  type Template,
  type TemplateResource,
} from './template.ts';

export interface Evaluation {
  readonly template: Template;
  /** Resources whose condition holds. */
  readonly wanted: Readonly<Record<string, TemplateResource>>;
  /** Their logical ids, each after all it depends on. */
  readonly order: readonly string[];
  scopeOf(there: Pick<ScopeOptions, 'resources' | 'unknown'>): Scope;
}

/** What the resources of a template are evaluated in. */
export interface Surroundings {
  readonly place: Place;
  /** The value exported under a name by any stack. */
  readonly exports: (name: string) => string | undefined;
  /** An output of a stack by its name. */
  readonly outputOf: (stackName: string, output: string) => string | undefined;
  /** The value of a parameter of SSM. */
  readonly parameterOf: (name: string) => string | undefined;
}

/**
 * Finds everything that can be wrong with a template before anything is touched.
 *
 * @throws ServiceError `ValidationError`
 */
export function evaluate(
  stack: Pick<Stack, 'stackId' | 'stackName'>,
  blueprint: Blueprint,
  surroundings: Surroundings,
): Evaluation {
  const template = parsed(blueprint.templateBody);
  const { stackId, stackName } = stack;
  const scopeOf: Evaluation['scopeOf'] = (there) =>
    createScope({ stackId, stackName, template, blueprint, ...surroundings, ...there });
  // Conditions and rules may mention parameters only.
  const scope = scopeOf({ resources: new Map() });
  for (const name of Object.keys(template.Conditions ?? {})) scope.condition(name);
  const wanted = Object.fromEntries(
    Object.entries(template.Resources).filter(
      ([, { Condition }]) => Condition === undefined || scope.condition(Condition),
    ),
  );
  refuseUnknownTypes(wanted);
  refuseUnknownProperties(wanted, scope);
  assertRules(template, scope);
  assertDependencies(template.Resources);
  const order = planOrder(wanted);
  return { template, wanted, order, scopeOf };
}

/** The properties of one resource, without functions. */
export function propertiesOf(resource: TemplateResource, scope: Scope): JsonObject {
  return objectOf(dereference(resolve(resource.Properties ?? {}, scope) ?? {}, scope));
}

/** The outputs whose condition holds. */
export function outputsOf({ Outputs = {} }: Template, scope: Scope): readonly StackOutput[] {
  const outputs: StackOutput[] = [];
  for (const [key, { Value, Condition, Description, Export }] of Object.entries(Outputs)) {
    if (Condition !== undefined && !holds({ Condition }, scope)) continue;
    const value = resolve(Value, scope);
    const exported = Export === undefined ? undefined : resolve(Export.Name, scope);
    outputs.push({
      key,
      value: typeof value === 'string' ? value : JSON.stringify(value ?? ''),
      ...(Description === undefined ? {} : { description: Description }),
      ...(exported === undefined ? {} : { exportName: String(exported) }),
    });
  }
  return outputs;
}

/** Templates are looked at again at each step of a deployment: the last ones stay parsed. */
const PARSED_MAX = 8;
const recent = new Map<string, Template>();

function parsed(body: string): Template {
  const template = recent.get(body) ?? parseTemplate(body);
  recent.delete(body);
  recent.set(body, template);
  const [oldest] = recent.keys();
  if (recent.size > PARSED_MAX) recent.delete(oldest!);
  return template;
}

function refuseUnknownTypes(wanted: Readonly<Record<string, TemplateResource>>): void {
  const unknown = Object.entries(wanted).filter(([, { Type }]) => !RESOURCE_TYPES.has(Type));
  if (unknown.length === 0) return;
  const types = [...new Set(unknown.map(([, { Type }]) => Type))].join(', ');
  const resources = unknown.map(([logicalId, { Type }]) => `${logicalId} of ${Type}`).join(', ');
  throw validationError(
    `Template format error: Unrecognized resource types: [${types}]. ` +
      `The embedded cloud has no such resource: take ${resources} out of the stack`,
  );
}

/** Rules of a template, such as the one by which CDK demands a bootstrapped environment. */
function assertRules({ Rules = {} }: Template, scope: Scope): void {
  for (const [name, { RuleCondition, Assertions }] of Object.entries(Rules)) {
    if (RuleCondition !== undefined && !holds(RuleCondition, scope)) continue;
    for (const { Assert, AssertDescription } of Assertions) {
      if (holds(Assert, scope)) continue;
      throw validationError(
        `Rule ${name} does not hold: ${AssertDescription ?? 'it asserts what is not so'}`,
      );
    }
  }
}
