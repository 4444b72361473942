// BatchWriteItem and BatchGetItem: many requests in one, none of them conditional, each for itself.

import type { AttributeMap } from './attribute-value.ts';
import { parseItem, renderItem } from './attribute-value.ts';
import { consumedByTable, readUnits, writeUnits } from './capacity.ts';
import { itemBytes } from './item-size.ts';
import { applyWrite, decideWrite, type PreparedWrite, prepareWrite } from './item-write.ts';
import { prepareRead, readItem, wanted } from './read-operations.ts';
import { validationError } from './refusals.ts';
import { type BatchGetRequest, type BatchWriteRequest, refuseNotModelled } from './requests.ts';
import type { Model } from './write-operations.ts';

const WRITES_MAX = 25;
const READS_MAX = 100;
/** "BatchWriteItem" and "BatchGetItem": 16 MB. */
const BATCH_BYTES_MAX = 16 * 1024 * 1024;

export function batchWriteItem(model: Model, input: BatchWriteRequest, nowMs: number): object {
  const requests = Object.entries(input.RequestItems ?? {}).flatMap(([TableName, entries]) =>
    entries.map((entry) => ({ TableName, ...entry })),
  );
  requireCount(requests.length, WRITES_MAX, 'BatchWriteItem');
  const writes = requests.map(({ TableName, PutRequest, DeleteRequest }) => {
    if ((PutRequest === undefined) === (DeleteRequest === undefined)) {
      throw validationError(
        'A write request must contain exactly one of PutRequest and DeleteRequest',
      );
    }
    return PutRequest === undefined
      ? prepareWrite(model, 'delete', { TableName, Key: DeleteRequest?.Key ?? {} })
      : prepareWrite(model, 'put', { TableName, Item: PutRequest.Item ?? {} });
  });
  refuseDuplicates(writes, 'Provided list of item keys contains duplicates');
  const bytes = writes.reduce((sum, { given }) => sum + itemBytes(given), 0);
  if (bytes > BATCH_BYTES_MAX) {
    throw validationError('The batch write request size exceeds the maximum of 16 MB');
  }
  const units = new Map<string, number>();
  for (const write of writes) {
    const decision = decideWrite(write, nowMs);
    if (decision.kind === 'refused') continue;
    const after = applyWrite(write, decision, nowMs);
    addUnits(units, write.table.definition.name, writeUnits(decision.before, after));
  }
  return { UnprocessedItems: {}, ...consumedByTable(input.ReturnConsumedCapacity, units) };
}

export function batchGetItem(model: Model, input: BatchGetRequest, nowMs: number): object {
  const tables = Object.entries(input.RequestItems ?? {});
  requireCount(
    tables.reduce((sum, [, { Keys }]) => sum + (Keys?.length ?? 0), 0),
    READS_MAX,
    'BatchGetItem',
  );
  const responses: Record<string, object[]> = {};
  const unprocessed: Record<string, object> = {};
  const units = new Map<string, number>();
  let bytes = 0;
  for (const [TableName, { Keys = [], ...shared }] of tables) {
    refuseNotModelled(shared);
    const reads = Keys.map((Key) => prepareRead(model, { ...shared, TableName, Key }));
    refuseDuplicates(reads, 'Provided list of item keys contains duplicates');
    const mode = shared.ConsistentRead === true ? 'consistent' : 'eventual';
    const found: object[] = [];
    const left: AttributeMap[] = [];
    for (const [index, read] of reads.entries()) {
      const stored = readItem(read, mode, nowMs);
      if (bytes + (stored?.bytes ?? 0) > BATCH_BYTES_MAX) {
        left.push(renderItem(parseItem(Keys[index]!)));
        continue;
      }
      bytes += stored?.bytes ?? 0;
      if (stored !== undefined) found.push(renderItem(wanted(stored.item, read.paths)));
      addUnits(units, read.table.definition.name, readUnits(stored?.bytes ?? 0, mode));
    }
    responses[TableName] = found;
    if (left.length > 0) unprocessed[TableName] = { ...shared, Keys: left };
  }
  return {
    Responses: responses,
    UnprocessedKeys: unprocessed,
    ...consumedByTable(input.ReturnConsumedCapacity, units),
  };
}

/** Adds the units of one request to its table's. */
export function addUnits(units: Map<string, number>, tableName: string, count: number): void {
  units.set(tableName, (units.get(tableName) ?? 0) + count);
}

/** Refuses two requests for one place. */
export function refuseDuplicates(
  requests: readonly Pick<PreparedWrite, 'table' | 'place'>[],
  message: string,
): void {
  const seen = new Map<unknown, Set<string>>();
  for (const { table, place } of requests) {
    const places = seen.get(table) ?? new Set();
    if (places.has(place)) throw validationError(message);
    seen.set(table, places.add(place));
  }
}

function requireCount(count: number, countMax: number, operation: string): void {
  if (count === 0) {
    throw validationError(
      `The requestItems parameter is required for ${operation} and must not be empty`,
    );
  }
  if (count <= countMax) return;
  throw validationError(
    operation === 'BatchGetItem'
      ? 'Too many items requested for the BatchGetItem call'
      : 'Too many items requested for the BatchWriteItem call',
  );
}
