// Writes down what happens to stacks: their state, their resources, and the events that tell of it.

import { randomUUID } from 'node:crypto';
import { ServiceError } from '../../../lib/cloud/service.ts';
import { reasonOf } from './refusals.ts';
import type { DeployedResource } from './resources/resource-type.ts';
import type { Leftover, Operation, Stack } from './stack.ts';
import type { StackStore } from './stack-store.ts';
import type { JsonObject } from './template.ts';

export interface Recorder {
  /** A moment after all events so far. */
  moment(): number;
  /** Starts another operation on a stack; changes that were planned before it are obsolete. */
  begin(
    stack: Stack,
    operation: Pick<Operation, 'phase' | 'final'> &
      Partial<Operation> & { readonly status: string; readonly reason?: string },
  ): void;
  /** Goes on with the operation in another phase. */
  phase(stack: Stack, next: { readonly status: string; readonly phase: Operation['phase'] }): void;
  /** Ends the operation. */
  finish(stack: Stack, status: string, reason?: string): void;
  operation(stackId: string, operation: Operation): void;
  leftovers(stackId: string, leftovers: readonly Leftover[]): void;
  keep(stack: Stack, logicalId: string, resource: DeployedResource): void;
  gone(stackId: string, logicalId: string): void;
  event(stack: Stack, logicalId: string, event: ResourceEvent): void;
}

/** What happened to a resource; `error` tells why it failed. */
export interface ResourceEvent {
  readonly type: string;
  readonly status: string;
  readonly physicalId?: string;
  readonly properties?: JsonObject;
  readonly reason?: string;
  readonly error?: unknown;
}

const STACK_TYPE = 'AWS::CloudFormation::Stack';

export function createRecorder(parts: {
  readonly store: StackStore;
  readonly now: () => number;
}): Recorder {
  const { store, now } = parts;
  let lastEventMs = 0;
  /** No two events are at the same moment, so that clients that sort them keep their order. */
  const moment = () => {
    lastEventMs = Math.max(lastEventMs + 1, now());
    return lastEventMs;
  };
  const putEvent = (stack: Stack, logicalId: string, event: ResourceEvent) => {
    const { type, status, physicalId = '', properties } = event;
    const operation = store.find(stack.stackId)?.operation ?? stack.operation;
    store.put({
      kind: 'event',
      event: {
        eventId: type === STACK_TYPE ? randomUUID() : `${logicalId}-${status}-${randomUUID()}`,
        stackId: stack.stackId,
        stackName: stack.stackName,
        operationId: operation?.id ?? randomUUID(),
        logicalId,
        physicalId,
        type,
        status,
        reason: event.error === undefined ? (event.reason ?? null) : failureOf(event.error),
        properties: properties === undefined ? null : JSON.stringify(properties),
        token: operation?.token ?? null,
        timeMs: moment(),
      },
    });
  };
  const stackEvent = (stack: Stack, status: string, reason?: string) =>
    putEvent(stack, stack.stackName, {
      type: STACK_TYPE,
      status,
      physicalId: stack.stackId,
      ...(reason === undefined ? {} : { reason }),
    });
  const putStack = (stack: Stack) => store.put({ kind: 'stack', stack });
  return {
    moment,
    begin(stack, { status, reason, ...given }) {
      const operation: Operation = {
        id: randomUUID(),
        skipped: [],
        failed: [],
        importsExisting: false,
        ...(stack.operation?.token === undefined ? {} : { token: stack.operation.token }),
        ...given,
      };
      for (const changeSet of store.changeSets(stack.stackId)) {
        if (changeSet.executionStatus !== 'AVAILABLE') continue;
        store.put({ kind: 'change-set', changeSet: { ...changeSet, executionStatus: 'OBSOLETE' } });
      }
      const begun = { ...stack, status, statusReason: reason ?? null, operation };
      putStack(begun);
      stackEvent(begun, status, reason);
    },
    phase(stack, { status, phase }) {
      const operation = { ...stack.operation!, phase };
      putStack({ ...stack, status, statusReason: null, operation });
      stackEvent(stack, status);
    },
    finish(stack, status, reason) {
      const isDeleted = status === 'DELETE_COMPLETE';
      stackEvent(stack, status, reason);
      putStack({
        ...stack,
        status,
        statusReason: reason ?? null,
        deletedAtMs: isDeleted ? now() : null,
        operation: null,
      });
      for (const { changeSetId } of isDeleted ? store.changeSets(stack.stackId) : []) {
        store.put({ kind: 'change-set-gone', changeSetId });
      }
    },
    operation: (stackId, operation) => store.put({ kind: 'operation', stackId, operation }),
    leftovers: (stackId, leftovers) => store.put({ kind: 'leftovers', stackId, leftovers }),
    keep: ({ stackId }, logicalId, resource) =>
      store.put({ kind: 'resource', stackId, logicalId, resource }),
    gone: (stackId, logicalId) =>
      store.put({ kind: 'resource', stackId, logicalId, resource: null }),
    event: putEvent,
  };
}

/** Refusals of services that have a code of their own in CloudFormation's handlers. */
const HANDLER_CODES: readonly (readonly [RegExp, string])[] = [
  [/AlreadyExists|AlreadyOwned|ResourceInUse|ResourceConflict/, 'AlreadyExists'],
  [/NotFound|NoSuch/, 'NotFound'],
  [/Limit|Throughput|TooMany/, 'ServiceLimitExceeded'],
  [/Validation|Invalid/, 'InvalidRequest'],
];

/** The sentence that CloudFormation makes of what a service answered. */
function failureOf(error: unknown): string {
  if (!(error instanceof ServiceError)) return reasonOf(error);
  const { code, message, statusCode } = error;
  const handlerCode = HANDLER_CODES.find(([pattern]) => pattern.test(code))?.[1];
  return (
    `Resource handler returned message: "${message} (Error Code: ${code}, Status Code: ${statusCode})" ` +
    `(HandlerErrorCode: ${handlerCode ?? 'GeneralServiceException'})`
  );
}
