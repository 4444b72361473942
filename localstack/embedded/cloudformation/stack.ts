// What is kept of stacks, their events and change sets: plain data, so that the journal can hold it.

import type { DeployedResource } from './resources/resource-type.ts';

/** A parameter as it was given or defaulted; the value behind an SSM parameter is looked up each time. */
export interface ParameterValue {
  readonly value: string;
  readonly resolved?: string;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** What a deployment is asked to bring about. */
export interface Blueprint {
  readonly templateBody: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly tags: readonly Tag[];
  readonly capabilities: readonly string[];
  readonly notificationArns: readonly string[];
  readonly roleArn?: string;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

/** A resource that is still there although it is no longer the stack's: it goes in a cleanup. */
export interface Leftover {
  readonly logicalId: string;
  readonly resource: DeployedResource;
  /** Whether it is retained: a policy of its template. */
  readonly policy: string;
}

/** What becomes of a stack that cannot be made; an update that fails is taken back, or left alone. */
export type OnFailure = 'DELETE' | 'DO_NOTHING' | 'ROLLBACK';

/**
 * What is under way with a stack. `apply` works towards the blueprint, `restore` back to what was
 * stable, `cleanup` removes leftovers, `remove` takes everything away.
 */
export interface Operation {
  readonly id: string;
  readonly token?: string;
  readonly phase: 'apply' | 'restore' | 'cleanup' | 'remove';
  /** Status of the stack when nothing is left to do. */
  readonly final: string;
  /** Resources that are left alone: asked for, or failed already. */
  readonly skipped: readonly string[];
  readonly failed: readonly string[];
  /** Resources that exist under their name already become the stack's. */
  readonly importsExisting: boolean;
}

/** What the last operation that went well had left. */
export interface StableState {
  readonly blueprint: Blueprint;
  readonly resources: Readonly<Record<string, DeployedResource>>;
  readonly outputs: readonly StackOutput[];
}

export interface Stack {
  readonly stackId: string;
  readonly stackName: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number | null;
  readonly deletedAtMs: number | null;
  readonly status: string;
  readonly statusReason: string | null;
  readonly terminationProtection: boolean;
  readonly onFailure: OnFailure;
  readonly blueprint: Blueprint;
  readonly resources: Readonly<Record<string, DeployedResource>>;
  /** Oldest first; carried from one operation to the next until a cleanup or a removal is through. */
  readonly leftovers: readonly Leftover[];
  readonly outputs: readonly StackOutput[];
  readonly stable: StableState | null;
  readonly operation: Operation | null;
}

export interface StackEvent {
  readonly eventId: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly operationId: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string | null;
  readonly properties: string | null;
  readonly token: string | null;
  readonly timeMs: number;
}

export interface ChangeSet {
  readonly changeSetId: string;
  readonly name: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly type: string;
  readonly description: string | null;
  readonly createdAtMs: number;
  readonly status: string;
  readonly statusReason: string | null;
  readonly executionStatus: string;
  readonly blueprint: Blueprint;
  readonly changes: readonly Change[];
  readonly importsExisting: boolean;
  readonly onFailure: OnFailure | null;
}

/** What a deployment will do to one resource. */
export interface Change {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly logicalId: string;
  readonly physicalId: string | null;
  readonly type: string;
  readonly replacement: 'True' | 'False' | null;
  readonly policyAction: string | null;
  readonly details: readonly PropertyChange[];
}

export interface PropertyChange {
  readonly attribute: 'Properties' | 'DeletionPolicy' | 'UpdateReplacePolicy' | 'Tags';
  readonly name: string | null;
  readonly recreation: 'Never' | 'Always';
  readonly before: string | null;
  readonly after: string | null;
}

/** A template that is not there for a stack yet: a change set has only named it. */
export const IN_REVIEW = 'REVIEW_IN_PROGRESS';

/** Whether the stack still has its name. */
export function isLive(stack: Stack): boolean {
  return stack.deletedAtMs === null;
}
