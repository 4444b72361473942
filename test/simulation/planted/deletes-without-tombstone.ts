import type { PlantedBug } from './planted-bug.ts';

const PATH = 'lib/adapters/aws/sinks/dynamodb-table-publisher.ts';

export const planted: PlantedBug = {
  what: 'a deleted row leaves no tombstone, so that a late write of an older batch brings it back',
  edits: [
    {
      path: PATH,
      source: '  ConditionalCheckFailedException,\n  type DynamoDBClient,',
      replacement:
        '  ConditionalCheckFailedException,\n  DeleteItemCommand,\n  type DynamoDBClient,',
    },
    {
      path: PATH,
      source: '  const { fence, item, tableName, abortSignal } = row;\n  try {\n',
      replacement: `  const { fence, item, tableName, abortSignal } = row;
  try {
    if (item['_deleted'] !== undefined) {
      await client.send(
        new DeleteItemCommand({
          TableName: tableName,
          Key: { pk: item['pk']!, sk: item['sk']! },
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
      return;
    }
`,
    },
  ],
  scenarioNames: ['deleted-rows'],
};
