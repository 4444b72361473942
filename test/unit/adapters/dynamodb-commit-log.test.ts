import { expect, test } from 'vitest';
import { createDynamoDbCommitLog } from '../../../lib/adapters/aws/dynamodb-commit-log.ts';
import { createDynamoDb } from '../../../lib/cloud/dynamodb/dynamodb.ts';
import { createKinesis } from '../../../lib/cloud/kinesis/kinesis.ts';
import { createS3 } from '../../../lib/cloud/s3/s3.ts';
import { asBatchNumber, asCommitId, asLogId } from '../../../lib/model/ids.ts';
import { createModelClients } from '../../support/model-clients.ts';

const log = asLogId('sales/1/events/shardId-000000000000');

const pointerTo = (batchNumber: number) => ({
  newest: {
    batchNumber: asBatchNumber(batchNumber),
    commitId: asCommitId(`commit-${batchNumber}`),
    fold: asCommitId(`fold-${batchNumber}`),
    manifest: { key: `manifests/${batchNumber}`, byteLength: 1, sha256: 'a'.repeat(64) },
  },
  previous: null,
});

test('a refused move whose own item cannot be read says so with a kind', async () => {
  const models = { dynamodb: createDynamoDb({}), s3: createS3({}), kinesis: createKinesis() };
  const context = { nowMs: 0 };
  const keys = { pk: 'S', sk: 'N' } as const;
  models.dynamodb.call(
    'CreateTable',
    {
      TableName: 'log',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: Object.entries(keys).map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
    },
    context,
  );
  const { dynamodb } = createModelClients(
    models,
    { nowMs: () => 0 },
    {
      beforeApply({ operation }) {
        if (operation === 'GetItem') throw Object.assign(new Error(), { name: 'TimeoutError' });
      },
      beforeReply: () => undefined,
    },
  );
  const commits = createDynamoDbCommitLog(dynamodb, 'log');
  expect(await commits.movePointer({ log, from: null, to: pointerTo(1) })).toBe(true);
  await expect(commits.movePointer({ log, from: null, to: pointerTo(2) })).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'TimeoutError',
  });
});
