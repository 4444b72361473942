import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { EngineError } from '../../../model/errors.ts';
import { STATIC_TABLE_BYTES_MAX } from '../../../model/limits.ts';
import type { TableReading } from '../../../ports/static-table-reader.ts';
import { toEngineError } from '../errors.ts';

/**
 * Reads all items of a table. They are sorted by their text, since a scan promises no order; changes
 * while it runs may be seen in part, as in any scan.
 */
export async function readDynamoDbTable(
  client: DynamoDBClient,
  { tableName }: { readonly tableName: string },
): Promise<TableReading> {
  const texts: string[] = [];
  let byteLength = 0;
  let next: Record<string, AttributeValue> | undefined;
  do {
    const page = await scanPage(client, tableName, next);
    for (const item of page.items) {
      const text = JSON.stringify(rowOf(item));
      byteLength += Buffer.byteLength(text);
      texts.push(text);
    }
    if (byteLength > STATIC_TABLE_BYTES_MAX) {
      throw new EngineError(
        'invalid',
        `table ${tableName} has more than ${STATIC_TABLE_BYTES_MAX} bytes of rows: join with a smaller one`,
      );
    }
    next = page.next;
  } while (next !== undefined);
  return { version: null, rows: texts.sort().map((text) => JSON.parse(text)) };
}

async function scanPage(
  client: DynamoDBClient,
  tableName: string,
  from: Record<string, AttributeValue> | undefined,
) {
  try {
    const { Items: items = [], LastEvaluatedKey: next } = await client.send(
      new ScanCommand({
        TableName: tableName,
        ConsistentRead: true,
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    return { items, next };
  } catch (error) {
    throw toEngineError(`scanning table ${tableName}`, error);
  }
}

/** Attributes by name, so that equal items have equal texts. */
const rowOf = (item: Readonly<Record<string, AttributeValue>>) =>
  Object.fromEntries(
    Object.entries(item)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => [name, jsonOf(value)]),
  );

/** The JSON of an attribute: sets are lists, bytes are base64, numbers are doubles. */
function jsonOf(value: AttributeValue): unknown {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.L !== undefined) return value.L.map(jsonOf);
  if (value.M !== undefined) return rowOf(value.M);
  if (value.SS !== undefined) return value.SS.toSorted();
  if (value.NS !== undefined) return value.NS.map(Number).toSorted((left, right) => left - right);
  if (value.B !== undefined) return Buffer.from(value.B).toString('base64');
  if (value.BS !== undefined) {
    return value.BS.map((bytes) => Buffer.from(bytes).toString('base64')).toSorted();
  }
  return null;
}
