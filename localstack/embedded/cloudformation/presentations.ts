// Stacks, events, resources and change sets in the shapes of the CloudFormation API reference.

import { isUnspoken, UNSPOKEN } from './parameters.ts';
import type { DeployedResource } from './resources/resource-type.ts';
import type { Blueprint, Change, ChangeSet, Stack, StackEvent } from './stack.ts';
import { parseTemplate } from './template.ts';

export function presentStack(stack: Stack): object {
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
    DisableRollback: stack.onFailure === 'DO_NOTHING',
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

export function presentSummary(stack: Stack): object {
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

export function presentParameters({ templateBody, parameters }: Blueprint): readonly object[] {
  const declared = parseTemplate(templateBody).Parameters ?? {};
  return Object.entries(parameters).map(([name, { value, resolved }]) => ({
    ParameterKey: name,
    ParameterValue: isUnspoken(declared[name]!) ? UNSPOKEN : value,
    ResolvedValue: resolved,
  }));
}

export function presentEvent(event: StackEvent): object {
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

export function presentResource(logicalId: string, resource: DeployedResource): object {
  return {
    LogicalResourceId: logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    ResourceStatus: resource.status,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  };
}

export function presentChange(change: Change): object {
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

export function presentChangeSet(changeSet: ChangeSet): object {
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
    OnStackFailure: changeSet.onFailure,
    IncludeNestedStacks: false,
  };
}

export function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
