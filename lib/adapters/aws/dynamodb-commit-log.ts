import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Commit } from '../../model/commit.ts';
import type { LogId } from '../../model/ids.ts';
import type { AppendAnswer, CommitLog } from '../../ports/commit-log.ts';
import {
  decodeAttempt,
  decodeCommitItem,
  decodePointer,
  encodeCommitItem,
  type Item,
  number,
} from './commit-item.ts';
import { toEngineError } from './errors.ts';

/** Sort key of the pointer item; slots are 0 .. R-1. */
const POINTER_SLOT = -1;

/** The commit log of all shards in one table. Every read is strongly consistent. */
export function createDynamoDbCommitLog(client: DynamoDBClient, tableName: string): CommitLog {
  const key = (log: LogId, slot: number): Item => ({ pk: { S: log }, sk: number(slot) });

  const getItem = async (log: LogId, slot: number): Promise<Item | null> => {
    const { Item: item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: key(log, slot), ConsistentRead: true }),
    );
    return item ?? null;
  };

  return {
    async append(commit) {
      try {
        await client.send(new PutItemCommand(appendInput(tableName, commit)));
        return { kind: 'appended' };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) {
          throw toEngineError('appending a commit', error);
        }
        return refusal(error.Item ?? (await storedBy(commit)));
      }
    },

    async read({ log, firstSlot, lastSlot, limit }) {
      try {
        const { Items: items = [], LastEvaluatedKey: more } = await client.send(
          new QueryCommand({
            TableName: tableName,
            KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
            ExpressionAttributeValues: {
              ':pk': { S: log },
              ':first': number(firstSlot),
              ':last': number(lastSlot),
            },
            Limit: limit,
            ScanIndexForward: true,
            ConsistentRead: true,
          }),
        );
        return { commits: items.map(decodeCommitItem), truncated: more !== undefined };
      } catch (error) {
        throw toEngineError('reading the commit log', error);
      }
    },

    async readPointer(log) {
      try {
        const item = (await getItem(log, POINTER_SLOT)) ?? {};
        return { pointer: decodePointer(item), attempt: decodeAttempt(item) };
      } catch (error) {
        throw toEngineError('reading the pointer of a log', error);
      }
    },

    async movePointer({ log, from, to }) {
      try {
        await client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: key(log, POINTER_SLOT),
            UpdateExpression: 'SET ptr = :to',
            ConditionExpression: from === null ? 'attribute_not_exists(ptr)' : 'ptr = :from',
            ExpressionAttributeValues: {
              ':to': { S: JSON.stringify(to) },
              ...(from === null ? {} : { ':from': { S: JSON.stringify(from) } }),
            },
          }),
        );
        return true;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) {
          throw toEngineError('moving the pointer of a log', error);
        }
        return movedBefore(log, to);
      }
    },

    async noteAttempt({ log, ...note }) {
      try {
        await client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: key(log, POINTER_SLOT),
            UpdateExpression: 'SET att = :att',
            ExpressionAttributeValues: { ':att': { S: JSON.stringify(note) } },
          }),
        );
      } catch (error) {
        throw toEngineError('noting an attempt', error);
      }
    },

    async exists(log) {
      try {
        const { Count: count = 0 } = await client.send(
          new QueryCommand({
            TableName: tableName,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': { S: log } },
            Limit: 1,
            ConsistentRead: true,
          }),
        );
        return count > 0;
      } catch (error) {
        throw toEngineError('looking for a log', error);
      }
    },
  };

  /** For endpoints that do not return the old item with a refusal. */
  async function storedBy({ header }: Commit): Promise<Item | null> {
    try {
      return await getItem(header.log, header.batchNumber % header.ringSize);
    } catch (error) {
      throw toEngineError('reading a slot of the commit log', error);
    }
  }

  /** A refusal of my own move whose first reply was lost is a success. */
  async function movedBefore(log: LogId, to: unknown): Promise<boolean> {
    try {
      const item = await getItem(log, POINTER_SLOT);
      return item?.['ptr']?.S === JSON.stringify(to);
    } catch (error) {
      throw toEngineError('reading the pointer of a log', error);
    }
  }
}

function appendInput(tableName: string, commit: Commit) {
  const { batchNumber, ringSize } = commit.header;
  const firstLap = batchNumber <= ringSize;
  return {
    TableName: tableName,
    Item: encodeCommitItem(commit),
    ConditionExpression: firstLap ? 'attribute_not_exists(pk)' : 'n = :previousLap',
    ...(firstLap
      ? {}
      : { ExpressionAttributeValues: { ':previousLap': number(batchNumber - ringSize) } }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
}

function refusal(stored: Item | null): AppendAnswer {
  return { kind: 'refused', stored: stored === null ? null : decodeCommitItem(stored) };
}
