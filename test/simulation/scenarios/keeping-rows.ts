// The function of a sink that keeps every row under its batch id and place, one call of the SDK after
// the other, so that it can be cut short between any two of them.

import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { BatchContext } from '../../../lib/plan/sink.ts';
import type { Process } from '../../../lib/testing/world/scenario.ts';
import { functionTableOf } from '../../../lib/testing/world/targets.ts';

export const keepingRows =
  (process: Process, uid: string) =>
  async (rows: readonly object[], batchId: string, { signal }: BatchContext): Promise<void> => {
    for (const [index, row] of rows.entries()) {
      const Item = {
        pk: { S: batchId },
        sk: { S: String(index) },
        row: { S: JSON.stringify(row) },
      };
      const command = new PutItemCommand({ TableName: functionTableOf(uid), Item });
      await process.dynamodb.send(command, { abortSignal: signal });
    }
  };
