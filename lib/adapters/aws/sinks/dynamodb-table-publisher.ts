import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { ItemChange, RowFence } from '../../../model/commit.ts';
import { EngineError } from '../../../model/errors.ts';
import { PUBLISH_CONCURRENCY } from '../../../model/limits.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { TablePublisher } from '../../../ports/publisher.ts';
import type { Item } from '../commit-item.ts';
import { toEngineError } from '../errors.ts';

/** A tombstone outlives any zombie: seven days, the longest a record may be retried. */
const TOMBSTONE_S = 7 * 24 * 3_600;

const CONDITION =
  'attribute_not_exists(pk) OR (#log = :log AND #incarnation = :incarnation AND #n < :n)';
const NAMES = { '#log': '_log', '#incarnation': '_incarnation', '#n': '_n' };

/**
 * Fenced upserts. A row is replaced only by a later batch of the same log and incarnation; a refusal
 * by the same lineage means that this or a later batch was written already, which is success.
 */
export function createDynamoDbTablePublisher(client: DynamoDBClient, clock: Clock): TablePublisher {
  return {
    async publish({ tableName, changes, fence, deadlineMs }) {
      const items = [...lastPerKey(changes).values()];
      const abortSignal = clock.abortAt(deadlineMs);
      let next = 0;
      let failure: unknown;
      const publishRest = async () => {
        while (next < items.length && failure === undefined) {
          const change = items[next]!;
          next += 1;
          try {
            assertInTime(clock, deadlineMs);
            const item = itemOf(change, fence, clock);
            await putFenced(client, { tableName, fence, item, abortSignal });
          } catch (error) {
            failure ??= error;
          }
        }
      };
      await Promise.all(
        Array.from({ length: Math.min(PUBLISH_CONCURRENCY, items.length) }, publishRest),
      );
      if (failure !== undefined) throw toEngineError(`publishing to ${tableName}`, failure);
    },
  };
}

async function putFenced(
  client: DynamoDBClient,
  row: {
    readonly tableName: string;
    readonly fence: RowFence;
    readonly item: Item;
    readonly abortSignal: AbortSignal;
  },
): Promise<void> {
  const { fence, item, tableName, abortSignal } = row;
  try {
    await client.send(
      new PutItemCommand({
        TableName: tableName,
        Item: item,
        ConditionExpression: CONDITION,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: {
          ':log': { S: fence.log },
          ':incarnation': { S: fence.incarnation },
          ':n': { N: String(fence.n) },
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
      { abortSignal },
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    if (!wasWrittenByLineage(error.Item, fence)) {
      throw new EngineError(
        'data',
        `a row of ${tableName} belongs to another log or incarnation; give this pipeline a table of its own`,
        { code: 'foreign-row' },
      );
    }
  }
}

function wasWrittenByLineage(stored: Item | undefined, fence: RowFence): boolean {
  return (
    stored?.['_log']?.S === fence.log &&
    stored['_incarnation']?.S === fence.incarnation &&
    Number(stored['_n']?.N) >= fence.n
  );
}

function itemOf(change: ItemChange, fence: RowFence, clock: Clock): Item {
  const marks = {
    _log: { S: fence.log },
    _incarnation: { S: fence.incarnation },
    _n: { N: String(fence.n) },
  };
  if ('put' in change) return { ...(change.put as Item), ...marks };
  const expiresAtS = Math.floor(clock.nowMs() / 1_000) + TOMBSTONE_S;
  return {
    ...(change.delete as unknown as Item),
    ...marks,
    _deleted: { BOOL: true },
    _ttl: { N: String(expiresAtS) },
  };
}

/** Within a batch the last row per item key wins. */
function lastPerKey(changes: readonly ItemChange[]): Map<string, ItemChange> {
  const last = new Map<string, ItemChange>();
  for (const change of changes) {
    const { pk, sk } = 'put' in change ? change.put : change.delete;
    last.set(JSON.stringify([pk, sk]), change);
  }
  return last;
}

function assertInTime(clock: Clock, deadlineMs: number): void {
  if (clock.nowMs() < deadlineMs) return;
  throw new EngineError('unavailable', 'the invocation ended before all rows were published', {
    code: 'deadline',
  });
}
