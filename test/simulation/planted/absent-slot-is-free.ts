import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'slots are cleaned up once a checkpoint covers them, and an absent slot may be written',
  edits: [
    {
      path: 'lib/adapters/aws/dynamodb-commit-log.ts',
      source: '  ConditionalCheckFailedException,\n  type DynamoDBClient,',
      replacement:
        '  ConditionalCheckFailedException,\n  DeleteItemCommand,\n  type DynamoDBClient,',
    },
    {
      path: 'lib/adapters/aws/dynamodb-commit-log.ts',
      source:
        "    ConditionExpression: firstLap ? 'attribute_not_exists(pk)' : 'n = :previousLap',\n    ...(firstLap\n      ? {}\n      : { ExpressionAttributeValues: { ':previousLap': number(batchNumber - ringSize) } }),",
      replacement: "    ConditionExpression: 'attribute_not_exists(pk)',",
    },
    {
      path: 'lib/adapters/aws/dynamodb-commit-log.ts',
      source: '          }),\n        );\n        return true;',
      replacement:
        "          }),\n        );\n        const { Items: slots = [] } = await client.send(\n          new QueryCommand({\n            TableName: tableName,\n            KeyConditionExpression: 'pk = :pk AND sk >= :zero',\n            ExpressionAttributeValues: { ':pk': { S: log }, ':zero': number(0) },\n            ConsistentRead: true,\n          }),\n        );\n        for (const slot of slots) {\n          if (Number(slot['n']?.N) >= (to.previous?.batchNumber ?? 0)) continue;\n          await client.send(\n            new DeleteItemCommand({ TableName: tableName, Key: key(log, Number(slot['sk']?.N)) }),\n          );\n        }\n        return true;",
    },
    {
      path: 'lib/protocol/chain.ts',
      source: '  if (next > read.ringSize) return corrupt(`the slot of batch ${next} is empty`);\n',
      replacement: '',
    },
  ],
};
