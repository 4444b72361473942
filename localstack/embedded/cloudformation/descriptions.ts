// The actions that look at stacks, in the shapes of the CloudFormation API reference.

import { changeSetOf } from './change-sets.ts';
import { isUnspoken, UNSPOKEN } from './parameters.ts';
import { stackNotFound, validationError } from './refusals.ts';
import { capabilitiesFor, type Request, templateOf } from './request.ts';
import type { DeployedResource } from './resources/resource-type.ts';
import { type Blueprint, type Change, isLive, type Stack, type StackEvent } from './stack.ts';
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
    ...summaryOf(changeSet),
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
  return { Summaries: actions.store.changeSets(stack.stackId).map(summaryOf) };
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

function presentStack(stack: Stack): object {
  const { stackId, stackName, blueprint, outputs } = stack;
  return {
    StackId: stackId,
    StackName: stackName,
    Description: parseTemplate(blueprint.templateBody).Description,
    Parameters: presentParameters(blueprint),
    CreationTime: timeOf(stack.createdAtMs),
    LastUpdatedTime: stack.updatedAtMs === null ? undefined : timeOf(stack.updatedAtMs),
    DeletionTime: stack.deletedAtMs === null ? undefined : timeOf(stack.deletedAtMs),
    RollbackConfiguration: {},
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    DisableRollback: stack.disableRollback,
    NotificationARNs: blueprint.notificationArns,
    Capabilities: blueprint.capabilities,
    Outputs: outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      Description: description,
      ExportName: exportName,
    })),
    RoleARN: blueprint.roleArn,
    Tags: blueprint.tags,
    EnableTerminationProtection: stack.terminationProtection,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

function presentSummary(stack: Stack): object {
  return {
    StackId: stack.stackId,
    StackName: stack.stackName,
    TemplateDescription: parseTemplate(stack.blueprint.templateBody).Description,
    CreationTime: timeOf(stack.createdAtMs),
    LastUpdatedTime: stack.updatedAtMs === null ? undefined : timeOf(stack.updatedAtMs),
    DeletionTime: stack.deletedAtMs === null ? undefined : timeOf(stack.deletedAtMs),
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
  };
}

function presentParameters({ templateBody, parameters }: Blueprint): readonly object[] {
  const declared = parseTemplate(templateBody).Parameters ?? {};
  return Object.entries(parameters).map(([name, { value, resolved }]) => ({
    ParameterKey: name,
    ParameterValue: isUnspoken(declared[name]!) ? UNSPOKEN : value,
    ResolvedValue: resolved,
  }));
}

function presentEvent(event: StackEvent): object {
  return {
    StackId: event.stackId,
    EventId: event.eventId,
    StackName: event.stackName,
    OperationId: event.operationId,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: timeOf(event.timeMs),
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ResourceProperties: event.properties,
    ClientRequestToken: event.token,
  };
}

function presentResource(logicalId: string, resource: DeployedResource): object {
  return {
    LogicalResourceId: logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    ResourceStatus: resource.status,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  };
}

function presentChange(change: Change): object {
  const { action, replacement, details } = change;
  return {
    Type: 'Resource',
    ResourceChange: {
      Action: action,
      LogicalResourceId: change.logicalId,
      PhysicalResourceId: change.physicalId,
      ResourceType: change.type,
      Replacement: replacement,
      PolicyAction: change.policyAction,
      Scope: [...new Set(details.map(({ attribute }) => attribute))],
      Details: details.map(({ attribute, name, recreation, before, after }) => ({
        Target: {
          Attribute: attribute,
          Name: name,
          RequiresRecreation: recreation,
          Path: name === null ? null : `/${attribute}/${name}`,
          BeforeValue: before,
          AfterValue: after,
          AttributeChangeType: before === null ? 'Add' : after === null ? 'Remove' : 'Modify',
        },
        Evaluation: 'Static',
        ChangeSource: 'DirectModification',
      })),
    },
  };
}

function summaryOf(changeSet: ReturnType<typeof changeSetOf>): object {
  return {
    ChangeSetId: changeSet.changeSetId,
    ChangeSetName: changeSet.name,
    StackId: changeSet.stackId,
    StackName: changeSet.stackName,
    Description: changeSet.description,
    CreationTime: timeOf(changeSet.createdAtMs),
    ExecutionStatus: changeSet.executionStatus,
    Status: changeSet.status,
    StatusReason: changeSet.statusReason,
    IncludeNestedStacks: false,
  };
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

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
