import type { PlantedBug } from './planted-bug.ts';

const LOG = 'lib/adapters/aws/dynamodb-commit-log.ts';
const ITEM = 'lib/adapters/aws/commit-item.ts';
const RING = 'lib/protocol/ring.ts';

export const planted: PlantedBug = {
  what: 'commits have a growing key that must not exist, and old ones are cleaned up, so that the past can be written again',
  edits: [
    {
      path: ITEM,
      source: '    sk: number(header.batchNumber % header.ringSize),\n',
      replacement: '    sk: number(header.batchNumber),\n',
    },
    {
      path: ITEM,
      source: '    if (slot !== header.batchNumber % header.ringSize) {\n',
      replacement: '    if (slot !== header.batchNumber) {\n',
    },
    {
      path: RING,
      source:
        'export const slotOf = (batchNumber: BatchNumber, ringSize: number) => batchNumber % ringSize;',
      replacement: 'export const slotOf = (batchNumber: BatchNumber, _: number) => batchNumber;',
    },
    {
      path: RING,
      source:
        '  return found > expected && slotOf(found, ringSize) === slotOf(expected, ringSize);',
      replacement: '  return found > expected && ringSize > 0;',
    },
    {
      path: RING,
      source: '  const lastSlot = ring.size - 1;\n',
      replacement: '  const lastSlot = Number.MAX_SAFE_INTEGER;\n',
    },
    {
      path: 'lib/protocol/chain.ts',
      source: '  if (next > read.ringSize) return corrupt(`the slot of batch ${next} is empty`);\n',
      replacement: '',
    },
    {
      path: LOG,
      source:
        "    ConditionExpression: firstLap ? 'attribute_not_exists(pk)' : 'n = :previousLap',\n    ...(firstLap\n      ? {}\n      : { ExpressionAttributeValues: { ':previousLap': number(batchNumber - ringSize) } }),",
      replacement: "    ConditionExpression: 'attribute_not_exists(pk)',",
    },
    {
      path: LOG,
      source: '  ConditionalCheckFailedException,\n  type DynamoDBClient,',
      replacement:
        '  ConditionalCheckFailedException,\n  DeleteItemCommand,\n  type DynamoDBClient,',
    },
    {
      path: LOG,
      source: '          }),\n        );\n        return true;',
      replacement: `          }),
        );
        const covered = to.previous?.batchNumber ?? 0;
        for (let n = from?.previous?.batchNumber ?? 1; n < covered; n += 1) {
          await client.send(new DeleteItemCommand({ TableName: tableName, Key: key(log, n) }));
        }
        return true;`,
    },
  ],
};
