// The actions that look at stacks, in the shapes of the CloudFormation API reference.

import { changeSetOf } from './change-sets.ts';
import { isUnspoken } from './parameters.ts';
import {
  presentChange,
  presentChangeSet,
  presentEvent,
  presentParameters,
  presentResource,
  presentStack,
  presentSummary,
  timeOf,
} from './presentations.ts';
import { stackNotFound, validationError } from './refusals.ts';
import { capabilitiesFor, type Request, templateOf } from './request.ts';
import type { DeployedResource } from './resources/resource-type.ts';
import { isLive, type Stack } from './stack.ts';
import { type Actions, liveStack } from './stack-actions.ts';
import { parseTemplate } from './template.ts';

const EVENTS_PER_PAGE = 100;

export function describeStacks(actions: Actions, { StackName }: Request): object {
  const { store } = actions;
  if (StackName === undefined) return { Stacks: store.stacks().filter(isLive).map(presentStack) };
  const stack = store.find(StackName);
  if (stack === undefined) throw validationError(`Stack with id ${StackName} does not exist`);
  return { Stacks: [presentStack(stack)] };
}

export function listStacks({ store }: Actions, { StackStatusFilter }: Request): object {
  const stacks = store
    .stacks()
    .filter(({ status }) => StackStatusFilter === undefined || StackStatusFilter.includes(status));
  return { StackSummaries: stacks.map(presentSummary) };
}

/** Newest first, a page at a time; the token is how many were shown. */
export function describeStackEvents(actions: Actions, request: Request): object {
  const stack = anyStack(actions, request);
  const newest = [...actions.store.events(stack.stackId)].reverse();
  const start = Number(request.NextToken ?? 0);
  if (!Number.isInteger(start)) throw validationError('The NextToken is not one of this stack.');
  const end = start + EVENTS_PER_PAGE;
  return {
    StackEvents: newest.slice(start, end).map(presentEvent),
    ...(end < newest.length ? { NextToken: String(end) } : {}),
  };
}

/** What went wrong with a change set is in its reason: its resources have no events here. */
export function describeEvents(actions: Actions, request: Request): object {
  if (request.ChangeSetName !== undefined) changeSetOf(actions, request);
  return { OperationEvents: [] };
}

export function describeStackResources(actions: Actions, request: Request): object {
  return {
    StackResources: chosenResources(actions, request).map(([id, resource, stack]) => ({
      ...placeOf(stack),
      ...presentResource(id, resource),
      Timestamp: timeOf(resource.changedAtMs),
    })),
  };
}

export function describeStackResource(actions: Actions, request: Request): object {
  const [found] = chosenResources(actions, request);
  if (found === undefined) {
    throw validationError(
      `Resource ${request.LogicalResourceId} does not exist for stack ${request.StackName}`,
    );
  }
  const [id, resource, stack] = found;
  return {
    StackResourceDetail: {
      ...placeOf(stack),
      ...presentResource(id, resource),
      LastUpdatedTimestamp: timeOf(resource.changedAtMs),
    },
  };
}

export function listStackResources(actions: Actions, request: Request): object {
  return {
    StackResourceSummaries: chosenResources(actions, request).map(([id, resource]) => ({
      ...presentResource(id, resource),
      LastUpdatedTimestamp: timeOf(resource.changedAtMs),
    })),
  };
}

export function getTemplate(actions: Actions, request: Request): object {
  const { blueprint } =
    request.ChangeSetName === undefined
      ? anyStack(actions, request)
      : changeSetOf(actions, request);
  return { TemplateBody: blueprint.templateBody, StagesAvailable: ['Original', 'Processed'] };
}

export function getTemplateSummary(actions: Actions, request: Request): object {
  const existing =
    request.StackName === undefined ? undefined : liveStack(actions.store, request.StackName);
  const body = templateOf({ UsePreviousTemplate: true, ...request }, existing, actions);
  const template = parseTemplate(body);
  const types = Object.values(template.Resources).map(({ Type }) => Type);
  const capabilities = capabilitiesFor(template.Resources);
  return {
    Description: template.Description,
    Version: template.AWSTemplateFormatVersion,
    Metadata: template.Metadata === undefined ? undefined : JSON.stringify(template.Metadata),
    ResourceTypes: [...new Set(types)],
    Capabilities: capabilities,
    CapabilitiesReason:
      capabilities.length === 0 ? undefined : 'The template has resources of IAM.',
    Parameters: Object.entries(template.Parameters ?? {}).map(([ParameterKey, parameter]) => ({
      ParameterKey,
      ParameterType: parameter.Type,
      DefaultValue: parameter.Default,
      Description: parameter.Description,
      NoEcho: isUnspoken(parameter),
      ParameterConstraints: { AllowedValues: parameter.AllowedValues },
    })),
  };
}

export function describeChangeSet(actions: Actions, request: Request): object {
  const changeSet = changeSetOf(actions, request);
  return {
    ...presentChangeSet(changeSet),
    Parameters: presentParameters(changeSet.blueprint),
    Capabilities: changeSet.blueprint.capabilities,
    Tags: changeSet.blueprint.tags,
    NotificationARNs: changeSet.blueprint.notificationArns,
    RollbackConfiguration: {},
    Changes: changeSet.changes.map(presentChange),
  };
}

export function listChangeSets(actions: Actions, request: Request): object {
  const stack = anyStack(actions, request);
  return { Summaries: actions.store.changeSets(stack.stackId).map(presentChangeSet) };
}

export function listExports({ store }: Actions): object {
  const exports = store.stacks().flatMap(({ stackId, outputs }) =>
    outputs
      .filter(({ exportName }) => exportName !== undefined)
      .map(({ exportName, value }) => ({
        ExportingStackId: stackId,
        Name: exportName,
        Value: value,
      })),
  );
  return { Exports: exports };
}

function chosenResources(
  actions: Actions,
  { StackName, LogicalResourceId, PhysicalResourceId }: Request,
): readonly (readonly [string, DeployedResource, Stack])[] {
  const { store } = actions;
  const stacks =
    StackName === undefined ? store.stacks().filter(isLive) : [anyStack(actions, { StackName })];
  return stacks.flatMap((stack) =>
    Object.entries(stack.resources)
      .filter(([id]) => LogicalResourceId === undefined || id === LogicalResourceId)
      .filter(
        ([, one]) => PhysicalResourceId === undefined || one.physicalId === PhysicalResourceId,
      )
      .map(([id, resource]) => [id, resource, stack] as const),
  );
}

/** A live stack by its name, any by its id. */
function anyStack({ store }: Actions, { StackName = '' }: Request): Stack {
  const stack = store.find(StackName);
  if (stack === undefined) throw stackNotFound(StackName);
  return stack;
}

function placeOf({ stackId, stackName }: Stack): object {
  return { StackId: stackId, StackName: stackName };
}
