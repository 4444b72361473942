// The one engine of deployments. An operation is a row of steps, and a step touches one resource: what
// the services did, what the stack remembers and its events are written down together, so a process
// that dies between two steps goes on with the next one when it is started again.
//
//   apply    towards the blueprint, resource by resource; what replaces another is made first
//   restore  back to what the last successful operation had left
//   cleanup  removes what was replaced, dropped from the template, or made in vain
//   remove   takes all resources away, for a deletion or a creation that failed

import { isDeepStrictEqual } from 'node:util';
import { inOrder, leftoversBeside, neededBy } from './dependencies.ts';
import {
  type Evaluation,
  evaluate,
  outputsOf,
  propertiesOf,
  type Surroundings,
} from './evaluation.ts';
import { assertExports } from './exports.ts';
import { decideStep, policiesOf } from './plan.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { reasonOf } from './refusals.ts';
import {
  createResource,
  removeResource,
  updateResource,
  type WantedResource,
} from './resource-work.ts';
import type { DeployedResource, Workshop } from './resources/resource-type.ts';
import type { Operation, Stack } from './stack.ts';
import type { StackStore } from './stack-store.ts';

export interface EngineParts {
  readonly store: StackStore;
  readonly workshop: Workshop;
  readonly surroundings: Surroundings;
  readonly now: () => number;
  /** Runs `act` so that all it changes is written down at once. */
  readonly atomically: <T>(act: () => T) => T;
}

export interface Engine {
  readonly recorder: Recorder;
  /** Does the next step of what is under way with a stack; false when there is nothing more to do. */
  advance(stackId: string): boolean;
}

export function createEngine(parts: EngineParts): Engine {
  const { store, atomically } = parts;
  const recorder = createRecorder(parts);
  return {
    recorder,
    advance(stackId) {
      const stack = store.find(stackId);
      if (stack === undefined || stack.operation === null) return false;
      const step: Step = { ...parts, recorder, stack, operation: stack.operation };
      atomically(() => PHASES[step.operation.phase](step));
      return true;
    },
  };
}

/** Turns a stack back to what was stable; where nothing ever was, everything goes. */
export function beginRollback(
  recorder: Recorder,
  stack: Stack,
  given: Partial<Pick<Operation, 'skipped' | 'token'>> & { readonly reason: string },
): void {
  if (stack.stable !== null) {
    recorder.begin(stack, {
      status: 'UPDATE_ROLLBACK_IN_PROGRESS',
      phase: 'restore',
      final: 'UPDATE_ROLLBACK_COMPLETE',
      ...given,
    });
    return;
  }
  const verb = stack.onFailure === 'DELETE' ? 'DELETE' : 'ROLLBACK';
  recorder.begin(stack, {
    status: `${verb}_IN_PROGRESS`,
    phase: 'remove',
    final: `${verb}_COMPLETE`,
    ...given,
  });
}

interface Step extends EngineParts {
  readonly recorder: Recorder;
  readonly stack: Stack;
  readonly operation: Operation;
}

/** The policy of what was to replace another and failed: it is of no use to anyone. */
const VAIN = 'Delete';

const PHASES: Readonly<Record<Operation['phase'], (step: Step) => void>> = {
  apply: applyNext,
  restore: restoreNext,
  cleanup: cleanUpNext,
  remove: removeNext,
};

function applyNext(step: Step): void {
  const { stack, operation, surroundings } = step;
  let next: string | undefined;
  try {
    const evaluation = evaluate(stack, stack.blueprint, surroundings);
    next = evaluation.order.find((id) => stack.resources[id]?.operationId !== operation.id);
    if (next === undefined) finishApply(step, evaluation);
    else applyTo(step, next, evaluation);
  } catch (error) {
    failApply(step, next, error);
  }
}

function applyTo(step: Step, logicalId: string, evaluation: Evaluation): void {
  const { stack, operation, recorder } = step;
  const resource = evaluation.wanted[logicalId]!;
  const scope = evaluation.scopeOf({ resources: new Map(Object.entries(stack.resources)) });
  const wanted: WantedResource = {
    logicalId,
    type: resource.Type,
    properties: propertiesOf(resource, scope),
    ...policiesOf(resource),
  };
  const there = stack.resources[logicalId];
  if (there === undefined) {
    createResource(step, wanted);
    return;
  }
  switch (decideStep(there, wanted)) {
    case 'none':
      recorder.keep(stack, logicalId, {
        ...there,
        ...policiesOf(resource),
        operationId: operation.id,
      });
      return;
    case 'update':
      updateResource(step, there, wanted);
      return;
    case 'replace':
      createResource(step, wanted, there);
  }
}

function finishApply(step: Step, evaluation: Evaluation): void {
  const { stack, operation, recorder, surroundings } = step;
  const all = new Map(Object.entries(stack.resources));
  const outputs = outputsOf(evaluation.template, evaluation.scopeOf({ resources: all }));
  assertExports(step, stack, outputs);
  const resources = Object.fromEntries(
    [...all].filter(([logicalId]) => evaluation.wanted[logicalId] !== undefined),
  );
  const { blueprint } = stack;
  const done = { ...stack, resources, outputs, stable: { blueprint, resources, outputs } };
  if (operation.final === 'CREATE_COMPLETE') {
    recorder.finish(done, operation.final);
    return;
  }
  const leftovers = leftoversBeside(resources, stack, surroundings);
  const cleanup = { status: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', phase: 'cleanup' } as const;
  recorder.phase({ ...done, leftovers }, cleanup);
}

function failApply(step: Step, logicalId: string | undefined, error: unknown): void {
  const { recorder, store, operation } = step;
  // What was written down half-way, such as a resource whose settings were refused, is in the store.
  const stack = store.find(step.stack.stackId)!;
  const isNew = operation.final === 'CREATE_COMPLETE';
  let reason = reasonOf(error);
  if (logicalId !== undefined) {
    const known = stack.resources[logicalId];
    const type =
      known?.type ?? evaluate(stack, stack.blueprint, step.surroundings).wanted[logicalId]!.Type;
    const verb = step.stack.resources[logicalId] === undefined ? 'create' : 'update';
    recorder.event(stack, logicalId, {
      type,
      physicalId: known?.physicalId ?? '',
      status: `${verb.toUpperCase()}_FAILED`,
      error,
    });
    reason = `The following resource(s) failed to ${verb}: [${logicalId}]. `;
  }
  if (stack.onFailure === 'DO_NOTHING') {
    recorder.finish(stack, isNew ? 'CREATE_FAILED' : 'UPDATE_FAILED', reason);
    return;
  }
  const asked = stack.onFailure === 'DELETE' ? 'Delete' : 'Rollback';
  if (isNew) reason = `${reason.replace(/\.? *$/, '.')} ${asked} requested by user.`;
  beginRollback(recorder, stack, { reason });
}

function restoreNext(step: Step): void {
  const { stack, operation, recorder, surroundings } = step;
  const stable = stack.stable!;
  const next = Object.keys(stable.resources).find(
    (id) =>
      !operation.skipped.includes(id) &&
      !isDeepStrictEqual(stack.resources[id], stable.resources[id]),
  );
  if (next !== undefined) {
    restore(step, next, stable.resources[next]!);
    return;
  }
  const { blueprint, outputs, resources } = stable;
  // In the order of the template that is given up: it has all that was made for it.
  const vain = leftoversBeside(resources, { ...stack, stable: null }, surroundings);
  const leftovers = vain.map((one) =>
    resources[one.logicalId] === undefined ? one : { ...one, policy: VAIN },
  );
  recorder.phase(
    { ...stack, blueprint, outputs, resources, leftovers },
    { status: 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', phase: 'cleanup' },
  );
}

function restore(step: Step, logicalId: string, former: DeployedResource): void {
  const { stack, recorder } = step;
  // An update takes nothing away before it is through.
  const current = stack.resources[logicalId]!;
  const isInPlace = current.physicalId === former.physicalId;
  try {
    if (isInPlace && decideStep(current, former) !== 'none') {
      updateResource(step, current, { logicalId, ...former });
    } else if (!isInPlace) {
      // It was replaced, and the older one is still there.
      recorder.event(stack, logicalId, { ...former, status: 'UPDATE_COMPLETE' });
      const others = stack.leftovers.filter(
        (one) => one.logicalId !== logicalId || one.resource.physicalId !== former.physicalId,
      );
      const vain = { logicalId, resource: current, policy: VAIN };
      recorder.leftovers(stack.stackId, [...others, vain]);
    }
    recorder.keep(stack, logicalId, former);
  } catch (error) {
    recorder.event(stack, logicalId, { ...former, status: 'UPDATE_FAILED', error });
    const reason = `The following resource(s) failed to update: [${logicalId}]. `;
    recorder.finish(step.store.find(stack.stackId)!, 'UPDATE_ROLLBACK_FAILED', reason);
  }
}

function cleanUpNext(step: Step): void {
  const { stack, operation, recorder } = step;
  const last = stack.leftovers.at(-1);
  if (last === undefined) {
    recorder.finish(stack, operation.final);
    return;
  }
  const { logicalId, resource, policy } = last;
  try {
    removeResource(step, { logicalId, resource, isRetained: isRetained(policy, step) });
  } catch (error) {
    // The update goes on without it, as the service's does: it is left behind.
    recorder.event(stack, logicalId, { ...resource, status: 'DELETE_FAILED', error });
  }
  recorder.leftovers(stack.stackId, stack.leftovers.slice(0, -1));
}

function removeNext(step: Step): void {
  const { stack, operation, recorder, surroundings } = step;
  const { failed, skipped } = operation;
  const kept = neededBy(failed, stack);
  const next = inOrder(stack, surroundings).findLast((id) => !failed.includes(id) && !kept.has(id));
  if (next === undefined) {
    endRemoval(step);
    return;
  }
  const current = stack.resources[next]!;
  // What it had replaced goes before it.
  const leftover = stack.leftovers.findLast(({ logicalId }) => logicalId === next);
  const { resource, policy } = leftover ?? { resource: current, policy: current.deletionPolicy };
  const retained = skipped.includes(next) || isRetained(policy, step);
  try {
    removeResource(step, { logicalId: next, resource, isRetained: retained });
    if (leftover === undefined) recorder.gone(stack.stackId, next);
    else {
      const leftovers = stack.leftovers.filter((one) => one !== leftover);
      recorder.leftovers(stack.stackId, leftovers);
    }
  } catch (error) {
    recorder.event(stack, next, { ...resource, status: 'DELETE_FAILED', error });
    recorder.keep(stack, next, { ...current, status: 'DELETE_FAILED' });
    recorder.operation(stack.stackId, { ...operation, failed: [...failed, next] });
  }
}

function endRemoval({ stack, operation, recorder }: Step): void {
  const { failed, final } = operation;
  if (failed.length === 0) {
    recorder.finish({ ...stack, outputs: [] }, final);
    return;
  }
  const status = final === 'DELETE_COMPLETE' ? 'DELETE_FAILED' : 'ROLLBACK_FAILED';
  const reason = `The following resource(s) failed to delete: [${failed.join(', ')}]. `;
  recorder.finish(stack, status, reason);
}

/** `RetainExceptOnCreate` keeps nothing of a creation that is taken back. */
function isRetained(policy: string, { stack, operation }: Step): boolean {
  const isTakenBack =
    operation.final.includes('ROLLBACK') || (stack.stable === null && stack.onFailure === 'DELETE');
  return policy === 'Retain' || (policy === 'RetainExceptOnCreate' && !isTakenBack);
}
