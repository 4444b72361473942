// The actions that change stacks, as the CloudFormation API reference has them.

import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../../lib/cloud/service.ts';
import { evaluate, type Surroundings } from './evaluation.ts';
import { assertExports } from './exports.ts';
import { beginRollback, type Engine } from './operation.ts';
import { planChanges } from './plan.ts';
import { stackNotFound, validationError } from './refusals.ts';
import {
  assertCapabilities,
  blueprintOf,
  onFailureOf,
  type Request,
  type RequestContext,
} from './request.ts';
import { type Blueprint, IN_REVIEW, type Stack } from './stack.ts';
import type { StackStore } from './stack-store.ts';

export interface Actions extends RequestContext {
  readonly store: StackStore;
  readonly engine: Engine;
  readonly surroundings: Surroundings;
  readonly now: () => number;
  /** Something is under way with the stack. */
  readonly started: (stackId: string) => void;
}

/** Statuses from which an update may begin; after a failed creation only a deletion may. */
const UPDATABLE =
  /^(CREATE_COMPLETE|UPDATE_COMPLETE|UPDATE_ROLLBACK_COMPLETE|IMPORT_COMPLETE|CREATE_FAILED|UPDATE_FAILED)$/;
/** The reason of what a client has begun. */
export const USER_INITIATED = 'User Initiated';
const STACK_NAME = /^[a-zA-Z][-a-zA-Z0-9]{0,127}$/;

export function createStack(actions: Actions, request: Request): object {
  const { store, surroundings } = actions;
  const stackName = nameOf(request);
  const existing = store.find(stackName);
  if (existing !== undefined) {
    const token = request.ClientRequestToken;
    if (hasBegun(actions, existing, { token, status: 'CREATE_IN_PROGRESS' })) {
      return { StackId: existing.stackId };
    }
    throw new ServiceError('AlreadyExistsException', `Stack [${stackName}] already exists`);
  }
  const blueprint = blueprintOf(request, undefined, actions);
  const stack = {
    ...emptyStack(stackName, blueprint, actions),
    terminationProtection: request.EnableTerminationProtection === true,
  };
  const evaluation = evaluate(stack, blueprint, surroundings);
  assertCapabilities(blueprint, evaluation.wanted);
  planChanges(stack, evaluation);
  beginDeployment(actions, stack, { ...request, blueprint });
  return { StackId: stack.stackId };
}

export function updateStack(actions: Actions, request: Request): object {
  const { store, surroundings } = actions;
  const stack = liveStack(store, request.StackName);
  const token = request.ClientRequestToken;
  if (hasBegun(actions, stack, { token, status: 'UPDATE_IN_PROGRESS' })) {
    return { StackId: stack.stackId };
  }
  assertUpdatable(stack);
  const blueprint = blueprintOf(request, stack, actions);
  const evaluation = evaluate(stack, blueprint, surroundings);
  assertCapabilities(blueprint, evaluation.wanted);
  const plan = planChanges(stack, evaluation);
  if (plan.changes.length === 0 && !plan.outputsChange && !tagsDiffer(stack, blueprint)) {
    throw validationError('No updates are to be performed.');
  }
  beginDeployment(actions, stack, { ...request, blueprint });
  return { StackId: stack.stackId };
}

export function deleteStack(actions: Actions, request: Request): object {
  const { store, engine, started } = actions;
  const { StackName = '', RetainResources = [], ClientRequestToken } = request;
  const stack = store.find(StackName);
  // What is not there, or not any more, is deleted already.
  if (stack === undefined || stack.deletedAtMs !== null) return {};
  if (stack.terminationProtection) {
    throw validationError(
      `Stack [${stack.stackName}] cannot be deleted while TerminationProtection is enabled`,
    );
  }
  if (/^(UPDATE|ROLLBACK).*_IN_PROGRESS$/.test(stack.status)) {
    throw validationError(
      `Stack [${stack.stackId}] cannot be deleted while in status ${stack.status}`,
    );
  }
  if (stack.status === 'DELETE_IN_PROGRESS') return {};
  assertExports(actions, stack, []);
  engine.recorder.begin(stack, {
    status: 'DELETE_IN_PROGRESS',
    phase: 'remove',
    final: 'DELETE_COMPLETE',
    skipped: RetainResources,
    ...tokenOf(ClientRequestToken),
  });
  started(stack.stackId);
  return {};
}

/** Takes back what an operation without rollback had left, or what a rollback could not. */
export function rollbackStack(actions: Actions, request: Request): object {
  const stack = liveStack(actions.store, request.StackName);
  if (stack.status !== 'CREATE_FAILED' && stack.status !== 'UPDATE_FAILED') {
    throw validationError(
      `Stack:${stack.stackId} is in ${stack.status} state and can not be rolled back.`,
    );
  }
  beginRollback(actions.engine.recorder, stack, {
    reason: USER_INITIATED,
    ...tokenOf(request.ClientRequestToken),
  });
  actions.started(stack.stackId);
  return { StackId: stack.stackId };
}

export function continueUpdateRollback(actions: Actions, request: Request): object {
  const stack = liveStack(actions.store, request.StackName);
  if (stack.status !== 'UPDATE_ROLLBACK_FAILED') {
    throw validationError(
      `Stack:${stack.stackId} is in ${stack.status} state and can not continue rollback.`,
    );
  }
  beginRollback(actions.engine.recorder, stack, {
    reason: USER_INITIATED,
    skipped: request.ResourcesToSkip ?? [],
    ...tokenOf(request.ClientRequestToken),
  });
  actions.started(stack.stackId);
  return {};
}

export function updateTerminationProtection(actions: Actions, request: Request): object {
  const stack = liveStack(actions.store, request.StackName);
  const terminationProtection = request.EnableTerminationProtection === true;
  actions.store.put({ kind: 'stack', stack: { ...stack, terminationProtection } });
  return { StackId: stack.stackId };
}

/** A stack that has nothing yet. */
export function emptyStack(stackName: string, blueprint: Blueprint, actions: Actions): Stack {
  const { region, accountId } = actions.surroundings.place;
  return {
    stackId: `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/${randomUUID()}`,
    stackName,
    createdAtMs: actions.now(),
    updatedAtMs: null,
    deletedAtMs: null,
    status: IN_REVIEW,
    statusReason: null,
    terminationProtection: false,
    onFailure: 'ROLLBACK',
    blueprint,
    resources: {},
    leftovers: [],
    outputs: [],
    stable: null,
    operation: null,
  };
}

/** Sets a stack about its blueprint. */
export function beginDeployment(
  actions: Actions,
  stack: Stack,
  deployment: Pick<Request, 'DisableRollback' | 'OnFailure' | 'ClientRequestToken'> & {
    readonly blueprint: Blueprint;
    readonly importsExisting?: boolean;
  },
): void {
  const { blueprint, ClientRequestToken, importsExisting } = deployment;
  const isNew = stack.status === IN_REVIEW;
  actions.engine.recorder.begin(
    {
      ...stack,
      blueprint,
      onFailure: onFailureOf(deployment),
      updatedAtMs: isNew ? null : actions.now(),
    },
    {
      status: isNew ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS',
      phase: 'apply',
      final: isNew ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE',
      reason: USER_INITIATED,
      importsExisting: importsExisting === true,
      ...tokenOf(ClientRequestToken),
    },
  );
  actions.started(stack.stackId);
}

/** Whether a request with the token has begun a deployment of the stack: repeated, it does nothing. */
export function hasBegun(
  { store }: Pick<Actions, 'store'>,
  { stackId }: Stack,
  request: { readonly token: string | undefined; readonly status?: string },
): boolean {
  const { token, status } = request;
  if (token === undefined) return false;
  return store
    .events(stackId)
    .some(
      (event) =>
        event.physicalId === stackId &&
        event.token === token &&
        (status === undefined || event.status === status),
    );
}

/** @throws ServiceError when the stack is not there any more, or never was */
export function liveStack(store: StackStore, name: string | undefined): Stack {
  const stack = store.find(name ?? '');
  if (stack === undefined || stack.deletedAtMs !== null) throw stackNotFound(name ?? '');
  return stack;
}

/** @throws ServiceError when something is under way, or only a deletion is left */
export function assertUpdatable(stack: Stack): void {
  if (UPDATABLE.test(stack.status)) return;
  throw validationError(
    `Stack:${stack.stackId} is in ${stack.status} state and can not be updated.`,
  );
}

export function nameOf({ StackName = '' }: Request): string {
  if (STACK_NAME.test(StackName)) return StackName;
  throw validationError(
    `1 validation error detected: Value '${StackName}' at 'stackName' failed to satisfy constraint: ` +
      'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*',
  );
}

export function tagsDiffer({ blueprint }: Stack, other: Blueprint): boolean {
  const textOf = ({ tags }: Blueprint) =>
    JSON.stringify(tags.map(({ Key, Value }) => [Key, Value]).sort());
  return textOf(blueprint) !== textOf(other);
}

function tokenOf(token: string | undefined) {
  return token === undefined ? {} : { token };
}
