// What a deployment would do, decided without doing it: the body of a change set, and the answer to
// whether there is anything to do at all.

import { isDeepStrictEqual } from 'node:util';
import { type Evaluation, outputsOf, propertiesOf } from './evaluation.ts';
import { validationError } from './refusals.ts';
import { RESOURCE_TYPES } from './resources/index.ts';
import type { DeployedResource } from './resources/resource-type.ts';
import type { Change, PropertyChange, Stack, StackOutput } from './stack.ts';
import type { JsonObject, TemplateResource } from './template.ts';

/** How one resource gets from its properties to others. */
export type Step = 'none' | 'update' | 'replace';

export interface Plan {
  readonly changes: readonly Change[];
  /** Whether the outputs will be others. */
  readonly outputsChange: boolean;
}

/** Decides what other properties mean for a resource. */
export function decideStep(
  there: DeployedResource,
  wanted: { readonly properties: JsonObject },
): Step {
  const changed = changedNames(there.properties, wanted.properties);
  if (changed.some((name) => recreates(there.type, name))) return 'replace';
  // What an operation that was not taken back left undone is done now.
  return changed.length > 0 || there.status.endsWith('_FAILED') ? 'update' : 'none';
}

/** Compares what a stack has with what an evaluated template asks for. */
export function planChanges(
  stack: Pick<Stack, 'resources' | 'outputs'>,
  evaluation: Evaluation,
): Plan {
  const { wanted, order, template } = evaluation;
  const there = new Map(Object.entries(stack.resources));
  const unknown = new Set<string>();
  const scope = evaluation.scopeOf({ resources: there, unknown });
  refuseOtherTypes(stack, wanted);
  const changes: Change[] = [];
  for (const logicalId of order) {
    const resource = wanted[logicalId]!;
    const properties = propertiesOf(resource, scope);
    const existing = there.get(logicalId);
    if (existing === undefined) {
      unknown.add(logicalId);
      changes.push(addition(logicalId, resource.Type));
      continue;
    }
    const change = modification({ logicalId, existing, resource, properties });
    if (change === null) continue;
    changes.push(change);
    if (change.replacement === 'True' || isComputed(resource.Type)) unknown.add(logicalId);
  }
  for (const [logicalId, resource] of there) {
    if (wanted[logicalId] === undefined) changes.push(removal(logicalId, resource));
  }
  const outputs = outputsOf(template, scope);
  return { changes, outputsChange: !sameOutputs(outputs, stack.outputs) };
}

/** The policies of a resource, with CloudFormation's default. */
export function policiesOf({
  DeletionPolicy = 'Delete',
  UpdateReplacePolicy = 'Delete',
}: TemplateResource) {
  return { deletionPolicy: DeletionPolicy, updateReplacePolicy: UpdateReplacePolicy };
}

function refuseOtherTypes(
  { resources }: Pick<Stack, 'resources'>,
  wanted: Evaluation['wanted'],
): void {
  const changed = Object.entries(wanted)
    .filter(([id, { Type }]) => resources[id] !== undefined && resources[id].type !== Type)
    .map(([logicalId]) => logicalId);
  if (changed.length === 0) return;
  throw validationError(
    'Update of resource type is not permitted. The new template modifies resource type of the ' +
      `following resources: [${changed.join(', ')}]`,
  );
}

function changedNames(before: JsonObject, after: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !isDeepStrictEqual(before[name], after[name]),
  );
}

function recreates(type: string, property: string): boolean {
  const { nameProperty, replacedBy = [] } = RESOURCE_TYPES.get(type)!;
  return property === nameProperty || replacedBy.includes(property);
}

/** A parameter's value is an attribute that changes with its properties. */
function isComputed(type: string): boolean {
  return type === 'AWS::SSM::Parameter';
}

function addition(logicalId: string, type: string): Change {
  return {
    action: 'Add',
    logicalId,
    physicalId: null,
    type,
    replacement: null,
    policyAction: null,
    details: [],
  };
}

function removal(logicalId: string, resource: DeployedResource): Change {
  const { type, physicalId, deletionPolicy } = resource;
  const policyAction = POLICY_ACTIONS.get(deletionPolicy) ?? 'Delete';
  return {
    action: 'Remove',
    logicalId,
    physicalId,
    type,
    replacement: null,
    policyAction,
    details: [],
  };
}

const POLICY_ACTIONS: ReadonlyMap<string, string> = new Map([
  ['Retain', 'Retain'],
  ['RetainExceptOnCreate', 'Retain'],
  ['Snapshot', 'Snapshot'],
]);

function modification(change: {
  readonly logicalId: string;
  readonly existing: DeployedResource;
  readonly resource: TemplateResource;
  readonly properties: JsonObject;
}): Change | null {
  const { logicalId, existing, resource, properties } = change;
  const step = decideStep(existing, { properties });
  const details = [
    ...changedNames(existing.properties, properties).map((name) =>
      propertyChange(resource.Type, name, { before: existing.properties, after: properties }),
    ),
    ...policyChanges(existing, resource),
  ];
  if (details.length === 0 && step === 'none') return null;
  const kept = existing.updateReplacePolicy;
  return {
    action: 'Modify',
    logicalId,
    physicalId: existing.physicalId,
    type: resource.Type,
    replacement: step === 'replace' ? 'True' : 'False',
    policyAction: step === 'replace' ? `ReplaceAnd${POLICY_ACTIONS.get(kept) ?? 'Delete'}` : null,
    details,
  };
}

function propertyChange(
  type: string,
  name: string,
  { before, after }: { readonly before: JsonObject; readonly after: JsonObject },
): PropertyChange {
  return {
    attribute: name === 'Tags' ? 'Tags' : 'Properties',
    name,
    recreation: recreates(type, name) ? 'Always' : 'Never',
    before: textOf(before[name]),
    after: textOf(after[name]),
  };
}

function policyChanges(
  existing: DeployedResource,
  resource: TemplateResource,
): readonly PropertyChange[] {
  const { deletionPolicy, updateReplacePolicy } = policiesOf(resource);
  const pairs = [
    ['DeletionPolicy', existing.deletionPolicy, deletionPolicy],
    ['UpdateReplacePolicy', existing.updateReplacePolicy, updateReplacePolicy],
  ] as const;
  return pairs
    .filter(([, before, after]) => before !== after)
    .map(([attribute, before, after]) => ({
      attribute,
      name: null,
      recreation: 'Never',
      before,
      after,
    }));
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function sameOutputs(left: readonly StackOutput[], right: readonly StackOutput[]): boolean {
  const sorted = (outputs: readonly StackOutput[]) =>
    [...outputs].sort((one, other) => (one.key < other.key ? -1 : 1));
  return isDeepStrictEqual(sorted(left), sorted(right));
}
