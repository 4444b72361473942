// Builders for the tests of the model of DynamoDB.

import type { AttributeMap } from '../../../lib/cloud/dynamodb/attribute-value.ts';
import {
  createDynamoDb,
  type DynamoDb,
  type DynamoDbOptions,
} from '../../../lib/cloud/dynamodb/dynamodb.ts';
import { ServiceError } from '../../../lib/cloud/service.ts';

// biome-ignore lint/suspicious/noExplicitAny: the members of an answer differ by operation.
type Answer = Record<string, any>;

export const NOW_MS = 1_700_000_000_000;

/** A model with the table `rows`, whose key is `pk` and, unless left out, `sk`. */
export function aTable(
  keys: { readonly pk?: 'S' | 'N' | 'B'; readonly sk?: 'S' | 'N' | 'B' | null } = {},
  options: DynamoDbOptions = {},
) {
  const dynamoDb = createDynamoDb(options);
  const { pk = 'S', sk = 'N' } = keys;
  const attributes = [{ AttributeName: 'pk', AttributeType: pk as string }];
  const schema = [{ AttributeName: 'pk', KeyType: 'HASH' }];
  if (sk !== null) {
    attributes.push({ AttributeName: 'sk', AttributeType: sk });
    schema.push({ AttributeName: 'sk', KeyType: 'RANGE' });
  }
  const call = callsOf(dynamoDb);
  call('CreateTable', {
    TableName: 'rows',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: attributes,
    KeySchema: schema,
  });
  return { dynamoDb, call };
}

/** Calls at `NOW_MS` unless another moment is given. */
export function callsOf(dynamoDb: DynamoDb) {
  return (operation: string, input: object, nowMs: number = NOW_MS): Answer =>
    dynamoDb.call(operation, input, { nowMs });
}

/** A table without a sort key that holds one item of key `a`; `matches` tests a condition on it. */
export function anItem(attributes: AttributeMap) {
  const { call } = aTable({ sk: null });
  const Key = { pk: { S: 'a' } };
  call('PutItem', { TableName: 'rows', Item: { ...Key, ...attributes } });
  const stored = () => {
    const { pk, ...rest } = call('GetItem', { TableName: 'rows', Key })['Item'];
    return rest as AttributeMap;
  };
  return {
    call,
    stored,
    matches(ConditionExpression: string, values?: AttributeMap, names?: object): boolean {
      try {
        call('DeleteItem', {
          TableName: 'rows',
          Key,
          ConditionExpression,
          ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
          ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
        });
      } catch (error) {
        if (refusal(error).code === 'ConditionalCheckFailedException') return false;
        throw error;
      }
      call('PutItem', { TableName: 'rows', Item: { ...Key, ...attributes } });
      return true;
    },
    updated(UpdateExpression: string, values?: AttributeMap, names?: object): AttributeMap {
      call('UpdateItem', {
        TableName: 'rows',
        Key,
        UpdateExpression,
        ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
        ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
      });
      return stored();
    },
  };
}

/** The refusal that `run` ends in. */
export function refusalOf(run: () => unknown): ServiceError {
  try {
    run();
  } catch (error) {
    return refusal(error);
  }
  throw new Error('the call was not refused');
}

function refusal(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}
