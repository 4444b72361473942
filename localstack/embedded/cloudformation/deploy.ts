// A deployment: everything that can be wrong with a template is found before anything is touched, then
// resources are created or changed in the order of their dependencies, and what the template no longer
// has is removed, unless it is to be retained.

import { ServiceError } from '../../../lib/cloud/service.ts';
import { Refused } from '../refused.ts';
import type { StackSource } from './assembly.ts';
import { holds, resolve, type Scope } from './intrinsics.ts';
import { planOrder } from './order.ts';
import { RESOURCE_TYPES } from './resources/index.ts';
import { type DeployedResource, objectOf, type Workshop } from './resources/resource-type.ts';
import { createScope } from './scope.ts';
import type { Template, TemplateResource } from './template.ts';

/** A deployed stack, as it is kept. */
export interface Stack {
  readonly stackName: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly resources: Readonly<Record<string, DeployedResource>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Brings a stack about, in place when it exists. `keep` is called after each step with what is there
 * by then, so that a deployment that dies half-way can be continued.
 *
 * @throws Refused when the template cannot be deployed here
 */
export function deployStack(
  { stackName, template }: StackSource,
  options: {
    readonly previous: Stack | undefined;
    readonly workshop: Workshop;
    readonly nowMs: number;
    readonly keep: (stack: Stack) => void;
  },
): Stack {
  const { previous, workshop, nowMs, keep } = options;
  const resources = new Map(Object.entries(previous?.resources ?? {}));
  const scope = createScope({ stackName, template, resources, workshop });
  const wanted = wantedResources(template, scope);
  refuseUnknownTypes(stackName, wanted);
  const order = planOrder(wanted);
  let stack: Stack = {
    stackName,
    description: template.Description ?? '',
    createdAtMs: previous?.createdAtMs ?? nowMs,
    updatedAtMs: nowMs,
    resources: Object.fromEntries(resources),
    outputs: previous?.outputs ?? {},
  };
  const remember = (change: Partial<Stack>) => {
    stack = { ...stack, resources: Object.fromEntries(resources), ...change };
    keep(stack);
  };
  for (const logicalId of order) {
    const resource = wanted[logicalId]!;
    resources.set(logicalId, put(resource, { logicalId, stackName, scope, resources, workshop }));
    remember({});
  }
  for (const logicalId of [...resources.keys()].reverse()) {
    if (wanted[logicalId] !== undefined) continue;
    remove(resources.get(logicalId)!, logicalId, workshop);
    resources.delete(logicalId);
    remember({});
  }
  remember({ outputs: outputsOf(template, scope) });
  return stack;
}

function wantedResources(template: Template, scope: Scope): Record<string, TemplateResource> {
  const there = Object.entries(template.Resources).filter(
    ([, { Condition }]) => Condition === undefined || scope.condition(Condition),
  );
  return Object.fromEntries(there);
}

function refuseUnknownTypes(
  stackName: string,
  wanted: Readonly<Record<string, TemplateResource>>,
): void {
  for (const [logicalId, { Type }] of Object.entries(wanted)) {
    if (RESOURCE_TYPES.has(Type)) continue;
    throw new Refused(
      `stack ${stackName} cannot be deployed: ${logicalId} is of type ${Type}, which the embedded cloud does not have`,
    );
  }
}

function put(
  resource: TemplateResource,
  at: {
    readonly logicalId: string;
    readonly stackName: string;
    readonly scope: Scope;
    readonly resources: ReadonlyMap<string, DeployedResource>;
    readonly workshop: Workshop;
  },
): DeployedResource {
  const { logicalId, stackName, scope, workshop } = at;
  const properties = objectOf(resolve(resource.Properties ?? {}, scope));
  const there = at.resources.get(logicalId);
  // A resource of another type under an old logical id is another resource.
  const previous = there?.type === resource.Type ? there : undefined;
  const { physicalId, attributes = {} } = explained(`${logicalId} (${resource.Type})`, () =>
    RESOURCE_TYPES.get(resource.Type)!.put(
      { logicalId, stackName, properties, previous },
      workshop,
    ),
  );
  const retained = resource.DeletionPolicy?.startsWith('Retain') === true;
  return { type: resource.Type, physicalId, attributes, properties, retained };
}

function remove(resource: DeployedResource, logicalId: string, workshop: Workshop): void {
  if (resource.retained) return;
  explained(`${logicalId} (${resource.type})`, () =>
    RESOURCE_TYPES.get(resource.type)?.remove?.(resource, workshop),
  );
}

/** A service's refusal, with the resource that ran into it. */
function explained<Result>(what: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new Refused(`${what} was refused: ${error.code}: ${error.message}`);
  }
}

function outputsOf(template: Template, scope: Scope): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [key, { Value, Condition }] of Object.entries(template.Outputs ?? {})) {
    if (Condition !== undefined && !holds({ Condition }, scope)) continue;
    const value = resolve(Value, scope);
    outputs[key] = typeof value === 'string' ? value : JSON.stringify(value ?? '');
  }
  return outputs;
}
