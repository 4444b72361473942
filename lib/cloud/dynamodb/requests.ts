// The members of requests that the model reads, in the SDK's names.

import type { AttributeMap } from './attribute-value.ts';
import type { WriteInput } from './item-write.ts';
import { validationError } from './refusals.ts';
import type { PlaceholderInput } from './scope.ts';

export interface ItemWriteRequest extends WriteInput {
  readonly ReturnValues?: string;
  readonly ReturnConsumedCapacity?: string;
}

interface ReadRequest extends PlaceholderInput {
  readonly TableName?: string;
  readonly ProjectionExpression?: string;
  readonly ConsistentRead?: boolean;
  readonly ReturnConsumedCapacity?: string;
}

export interface GetItemRequest extends ReadRequest {
  readonly Key?: AttributeMap;
}

export interface PageRequest extends ReadRequest {
  readonly FilterExpression?: string;
  readonly Select?: string;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: AttributeMap;
}

export interface QueryRequest extends PageRequest {
  readonly KeyConditionExpression?: string;
  readonly ScanIndexForward?: boolean;
}

export interface ScanRequest extends PageRequest {
  readonly Segment?: number;
  readonly TotalSegments?: number;
}

export interface BatchWriteRequest {
  readonly RequestItems?: Readonly<
    Record<
      string,
      readonly {
        readonly PutRequest?: { readonly Item?: AttributeMap };
        readonly DeleteRequest?: { readonly Key?: AttributeMap };
      }[]
    >
  >;
  readonly ReturnConsumedCapacity?: string;
}

export interface BatchGetRequest {
  readonly RequestItems?: Readonly<
    Record<string, ReadRequest & { readonly Keys?: readonly AttributeMap[] }>
  >;
  readonly ReturnConsumedCapacity?: string;
}

export interface TransactWriteRequest {
  readonly TransactItems?: readonly {
    readonly Put?: WriteInput;
    readonly Update?: WriteInput;
    readonly Delete?: WriteInput;
    readonly ConditionCheck?: WriteInput;
  }[];
  readonly ClientRequestToken?: string;
  readonly ReturnConsumedCapacity?: string;
}

export interface TransactGetRequest {
  readonly TransactItems?: readonly { readonly Get?: GetItemRequest }[];
  readonly ReturnConsumedCapacity?: string;
}

const NOT_MODELLED = [
  'Expected',
  'ConditionalOperator',
  'AttributeUpdates',
  'AttributesToGet',
  'KeyConditions',
  'QueryFilter',
  'ScanFilter',
  'IndexName',
] as const;

/** Refuses the parameters that expressions replaced, and indexes: none of them is modelled. */
export function refuseNotModelled(request: object): void {
  for (const member of NOT_MODELLED) {
    if ((request as Record<string, unknown>)[member] === undefined) continue;
    throw validationError(
      `${member} is not modelled; use expressions on the table's own key instead`,
    );
  }
}

/** Refuses a choice that the parameter does not have. */
export function requireOneOf(
  parameter: string,
  choice: string | undefined,
  choices: readonly string[],
): void {
  if (choice === undefined || choices.includes(choice)) return;
  throw validationError(
    `1 validation error detected: Value '${choice}' at '${parameter}' failed to satisfy ` +
      `constraint: Member must satisfy enum value set: [${choices.join(', ')}]`,
  );
}
