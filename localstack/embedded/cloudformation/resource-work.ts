// One resource made, changed or removed, with the events that tell of it.

import { ServiceError } from '../../../lib/cloud/service.ts';
import type { Recorder } from './recorder.ts';
import { validationError } from './refusals.ts';
import { RESOURCE_TYPES } from './resources/index.ts';
import type { DeployedResource, Made, ResourceType, Workshop } from './resources/resource-type.ts';
import { isLive, type Leftover, type Operation, type Stack } from './stack.ts';
import type { StackStore } from './stack-store.ts';
import type { JsonObject } from './template.ts';

/** What a resource is worked on with. */
export interface Work {
  readonly store: StackStore;
  readonly stack: Stack;
  readonly operation: Operation;
  readonly workshop: Workshop;
  readonly recorder: Recorder;
  readonly now: () => number;
}

/** A resource as the template has it, without functions. */
export interface WantedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: JsonObject;
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
}

const REPLACES =
  'Requested update requires the creation of a new physical resource; hence creating one.';

/** Makes a resource, in the place of another when there is one already. */
export function createResource(
  work: Work,
  wanted: WantedResource,
  replaced?: DeployedResource,
): void {
  const { stack, recorder } = work;
  const { logicalId, type, properties } = wanted;
  const verb = replaced === undefined ? 'CREATE' : 'UPDATE';
  const tell = (status: string, physicalId: string, reason?: string) =>
    recorder.event(stack, logicalId, {
      type,
      status,
      physicalId,
      properties,
      ...(reason === undefined ? {} : { reason }),
    });
  tell(`${verb}_IN_PROGRESS`, replaced?.physicalId ?? '', replaced && REPLACES);
  const definition = RESOURCE_TYPES.get(type)!;
  refuseTakenName(work, wanted, replaced);
  const made =
    adopted(work, definition, wanted) ?? definition.create(askedOf(work, wanted), work.workshop);
  const keep = (status: string) =>
    recorder.keep(stack, logicalId, remembered(work, wanted, made, status));
  tell(`${verb}_IN_PROGRESS`, made.physicalId, 'Resource creation Initiated');
  // Before its settings: when these are refused, it is known that it has to go again.
  keep(`${verb}_FAILED`);
  if (replaced !== undefined) {
    const leftover = { logicalId, resource: replaced, policy: replaced.updateReplacePolicy };
    recorder.leftovers(stack.stackId, [...stack.leftovers, leftover]);
  }
  definition.configure?.(made, askedOf(work, wanted), { ...work.workshop, before: {} });
  keep(`${verb}_COMPLETE`);
  tell(`${verb}_COMPLETE`, made.physicalId);
}

/** Changes a resource in place. */
export function updateResource(work: Work, there: DeployedResource, wanted: WantedResource): void {
  const { stack, recorder, workshop } = work;
  const { logicalId, type, properties } = wanted;
  const { physicalId } = there;
  const tell = (status: string) =>
    recorder.event(stack, logicalId, { type, status, physicalId, properties });
  const keep = (made: Made, status: string) =>
    recorder.keep(stack, logicalId, remembered(work, wanted, made, status));
  tell('UPDATE_IN_PROGRESS');
  // Whatever comes, it may no longer be what it was.
  keep(there, 'UPDATE_FAILED');
  const definition = RESOURCE_TYPES.get(type)!;
  const asked = askedOf(work, wanted);
  const made = definition.update?.(there, asked, workshop) ?? there;
  definition.configure?.(made, asked, { ...workshop, before: there.properties });
  keep(made, 'UPDATE_COMPLETE');
  tell('UPDATE_COMPLETE');
}

/** Removes a resource, or leaves it to itself. */
export function removeResource(
  work: Work,
  removed: Pick<Leftover, 'logicalId' | 'resource'> & { readonly isRetained: boolean },
): void {
  const { stack, recorder, workshop } = work;
  const { logicalId, resource, isRetained } = removed;
  if (isRetained) {
    recorder.event(stack, logicalId, { ...resource, status: 'DELETE_SKIPPED' });
    return;
  }
  recorder.event(stack, logicalId, { ...resource, status: 'DELETE_IN_PROGRESS' });
  RESOURCE_TYPES.get(resource.type)!.remove?.(resource, workshop);
  recorder.event(stack, logicalId, { ...resource, status: 'DELETE_COMPLETE' });
}

function askedOf({ stack }: Work, { logicalId, properties }: WantedResource) {
  return { logicalId, stackName: stack.stackName, properties };
}

/** A resource that is there already under its name, when the change set asked to import such. */
function adopted(work: Work, definition: ResourceType, wanted: WantedResource): Made | undefined {
  if (!work.operation.importsExisting || !wanted.deletionPolicy.startsWith('Retain'))
    return undefined;
  return definition.adopt?.(askedOf(work, wanted), work.workshop);
}

/** A name that a template chooses is free: nothing of the type has it, here or in another stack. */
function refuseTakenName(
  work: Work,
  { type, properties }: WantedResource,
  replaced: DeployedResource | undefined,
): void {
  const nameProperty = RESOURCE_TYPES.get(type)!.nameProperty ?? '';
  const name = properties[nameProperty];
  if (name === undefined) return;
  const isTakenBy = (other: DeployedResource) =>
    // A physical id may be more than the name: the address of a queue, say.
    other.type === type && [other.properties[nameProperty], other.physicalId].includes(name);
  if (replaced !== undefined && isTakenBy(replaced)) {
    throw validationError(
      'CloudFormation cannot update a stack when a custom-named resource requires replacing. ' +
        `Rename ${name} and update the stack again.`,
    );
  }
  for (const { stackId, resources, leftovers } of work.store.stacks().filter(isLive)) {
    const there = [...Object.values(resources), ...leftovers.map(({ resource }) => resource)];
    if (!there.some(isTakenBy)) continue;
    throw new ServiceError('AlreadyExists', `${name} already exists in stack ${stackId}`);
  }
}

function remembered(
  work: Work,
  wanted: WantedResource,
  made: Made,
  status: string,
): DeployedResource {
  const { type, properties, deletionPolicy, updateReplacePolicy } = wanted;
  return {
    type,
    physicalId: made.physicalId,
    attributes: made.attributes ?? {},
    properties,
    deletionPolicy,
    updateReplacePolicy,
    operationId: work.operation.id,
    status,
    changedAtMs: work.now(),
  };
}
