// The actions on change sets, as the CloudFormation API reference has them.

import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../../lib/cloud/service.ts';
import { evaluate } from './evaluation.ts';
import { planChanges } from './plan.ts';
import { stackNotFound, validationError } from './refusals.ts';
import { assertCapabilities, blueprintOf, onFailureOf, type Request } from './request.ts';
import { type Blueprint, type ChangeSet, IN_REVIEW, type Stack } from './stack.ts';
import {
  type Actions,
  assertUpdatable,
  beginDeployment,
  emptyStack,
  hasBegun,
  liveStack,
  nameOf,
  tagsDiffer,
  USER_INITIATED,
} from './stack-actions.ts';

const NOTHING_TO_DO =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

export function createChangeSet(actions: Actions, request: Request): object {
  const { store, engine } = actions;
  const { ChangeSetName = '', ChangeSetType = 'UPDATE', ImportExistingResources } = request;
  const { OnStackFailure } = request;
  if (ChangeSetType === 'IMPORT' || request.ResourcesToImport !== undefined) {
    throw validationError('The embedded cloud imports nothing: leave ResourcesToImport out');
  }
  const isNew = ChangeSetType === 'CREATE';
  if (OnStackFailure === 'DELETE' && !isNew) {
    throw validationError('OnStackFailure may be DELETE only when ChangeSetType is CREATE');
  }
  const existing = isNew ? reviewable(actions, request) : liveStack(store, request.StackName);
  if (existing !== undefined && !isNew) assertUpdatable(existing);
  const blueprint = blueprintOf(request, isNew ? undefined : existing, actions);
  const stack = existing ?? emptyStack(nameOf(request), blueprint, actions);
  if (store.changeSets(stack.stackId).some(({ name }) => name === ChangeSetName)) {
    throw new ServiceError(
      'AlreadyExistsException',
      `ChangeSet ${ChangeSetName} cannot be created due to a mismatch with existing attribute`,
    );
  }
  const importsExisting = ImportExistingResources === true;
  const outcome = decideChanges(actions, { stack, blueprint });
  if (existing === undefined) openReview(actions, stack);
  const { region, accountId } = actions.surroundings.place;
  const changeSetId = `arn:aws:cloudformation:${region}:${accountId}:changeSet/${ChangeSetName}/${randomUUID()}`;
  store.put({
    kind: 'change-set',
    changeSet: {
      changeSetId,
      name: ChangeSetName,
      stackId: stack.stackId,
      stackName: stack.stackName,
      type: ChangeSetType,
      description: request.Description ?? null,
      createdAtMs: engine.recorder.moment(),
      blueprint,
      importsExisting,
      onFailure: OnStackFailure === undefined ? null : onFailureOf({ OnFailure: OnStackFailure }),
      ...outcome,
    },
  });
  return { Id: changeSetId, StackId: stack.stackId };
}

export function executeChangeSet(actions: Actions, request: Request): object {
  const { store } = actions;
  const changeSet = changeSetOf(actions, request);
  const { name, executionStatus, blueprint, importsExisting, onFailure } = changeSet;
  const stack = liveStack(store, changeSet.stackId);
  const token = request.ClientRequestToken;
  if (executionStatus === 'EXECUTE_COMPLETE' && hasBegun(actions, stack, { token })) return {};
  assertAvailable(changeSet);
  if (stack.status !== IN_REVIEW) assertUpdatable(stack);
  // All others were made for a stack that is about to be another.
  for (const other of store.changeSets(stack.stackId)) {
    if (other.name !== name) store.put({ kind: 'change-set-gone', changeSetId: other.changeSetId });
  }
  store.put({
    kind: 'change-set',
    changeSet: { ...changeSet, executionStatus: 'EXECUTE_COMPLETE' },
  });
  beginDeployment(actions, stack, {
    ...request,
    ...(onFailure === null ? {} : { OnFailure: onFailure }),
    blueprint,
    importsExisting,
  });
  return {};
}

export function deleteChangeSet(actions: Actions, request: Request): object {
  const changeSet = findChangeSet(actions, request);
  if (changeSet !== undefined) {
    actions.store.put({ kind: 'change-set-gone', changeSetId: changeSet.changeSetId });
  }
  return {};
}

/** @throws ServiceError `ChangeSetNotFound` */
export function changeSetOf(actions: Actions, request: Request): ChangeSet {
  const changeSet = findChangeSet(actions, request);
  if (changeSet !== undefined) return changeSet;
  throw new ServiceError(
    'ChangeSetNotFound',
    `ChangeSet [${request.ChangeSetName}] does not exist`,
    {
      statusCode: 404,
    },
  );
}

/** By its id, or by its name on a stack. */
function findChangeSet({ store }: Actions, request: Request): ChangeSet | undefined {
  const { StackName, ChangeSetName = '' } = request;
  const isId = ChangeSetName.startsWith('arn:');
  const stacks = isId ? store.stacks() : [store.find(StackName ?? '')];
  if (!isId && stacks[0] === undefined) throw stackNotFound(StackName ?? '');
  return stacks
    .flatMap((stack) => (stack === undefined ? [] : store.changeSets(stack.stackId)))
    .find((one) => (isId ? one.changeSetId : one.name) === ChangeSetName);
}

function assertAvailable({ changeSetId, status, executionStatus }: ChangeSet): void {
  if (executionStatus === 'AVAILABLE') return;
  const current =
    status === 'FAILED' ? `status of [${status}]` : `execution status of [${executionStatus}]`;
  throw new ServiceError(
    'InvalidChangeSetStatus',
    `ChangeSet [${changeSetId}] cannot be executed in its current ${current}`,
  );
}

/** The stack that a change set of type CREATE may be for: none, or one that is in review still. */
function reviewable({ store }: Actions, request: Request): Stack | undefined {
  const existing = store.find(request.StackName ?? '');
  if (existing === undefined || existing.deletedAtMs !== null) return undefined;
  if (existing.status === IN_REVIEW) return existing;
  throw validationError(
    `Stack [${existing.stackName}] already exists and cannot be created again with the changeSet [${request.ChangeSetName}].`,
  );
}

function decideChanges(
  { surroundings }: Actions,
  deployment: { readonly stack: Stack; readonly blueprint: Blueprint },
): Pick<ChangeSet, 'status' | 'statusReason' | 'executionStatus' | 'changes'> {
  const { stack, blueprint } = deployment;
  const evaluation = evaluate(stack, blueprint, surroundings);
  assertCapabilities(blueprint, evaluation.wanted);
  const { changes, outputsChange } = planChanges(stack, evaluation);
  const isEmpty = changes.length === 0 && !outputsChange && !tagsDiffer(stack, blueprint);
  return isEmpty
    ? { status: 'FAILED', statusReason: NOTHING_TO_DO, executionStatus: 'UNAVAILABLE', changes }
    : { status: 'CREATE_COMPLETE', statusReason: null, executionStatus: 'AVAILABLE', changes };
}

function openReview({ store, engine }: Actions, stack: Stack): void {
  store.put({ kind: 'stack', stack });
  engine.recorder.event(stack, stack.stackName, {
    type: 'AWS::CloudFormation::Stack',
    status: IN_REVIEW,
    physicalId: stack.stackId,
    reason: USER_INITIATED,
  });
}
