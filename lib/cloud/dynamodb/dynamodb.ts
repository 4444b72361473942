// The model of DynamoDB: tables with a primary key, items, expressions, transactions. Secondary
// indexes, change streams, PartiQL and the parameters from before expressions are refused by name.

import { type CallContext, ServiceError, type ServiceModel } from '../service.ts';
import { type AttributeMap, parseItem, renderItem } from './attribute-value.ts';
import { batchGetItem, batchWriteItem } from './batch-operations.ts';
import { createCompiler } from './compile.ts';
import { placeOfItem } from './item-key.ts';
import { getItem, query, scan } from './read-operations.ts';
import { NO_LAG, type TableDefinition } from './table.ts';
import {
  createTable,
  deleteTable,
  describe,
  describeContinuousBackups,
  describeTimeToLive,
  listTables,
  listTagsOfResource,
  tagResource,
  untagResource,
  updateContinuousBackups,
  updateTable,
  updateTimeToLive,
} from './table-operations.ts';
import { Tables } from './tables.ts';
import { type TokenMemory, transactGetItems, transactWriteItems } from './transactions.ts';
import { deleteItem, putItem, updateItem } from './write-operations.ts';

export interface DynamoDbOptions {
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default '000000000000' */
  readonly accountId?: string;
  /**
   * How far an eventually consistent read made at `nowMs` lags behind, in milliseconds, at most a
   * minute: it sees no write of that span.
   * @default every read is up to date
   */
  readonly readLagMs?: (nowMs: number) => number;
  /**
   * How long after its expiry an item is still there, in milliseconds.
   * @default 0
   */
  readonly expiryDelayMs?: number;
}

/** A model whose state can be taken out and put back, as plain data that can be cloned. */
export interface DynamoDb extends ServiceModel {
  /** All tables with their items; shares nothing with the model. */
  dump(): unknown;
  /** Replaces everything by what `dump` gave. */
  load(state: unknown): void;
}

interface DumpedState {
  readonly created: number;
  readonly tables: readonly {
    readonly definition: TableDefinition;
    readonly items: readonly AttributeMap[];
  }[];
  readonly tokens: TokenMemory;
}

type Operation = (input: object, nowMs: number) => object;

/**
 * A DynamoDB of one account and region, without tables.
 *
 * @example
 * const dynamoDb = createDynamoDb({});
 * dynamoDb.call('GetItem', { TableName: 'delays', Key: { pk: { S: 'LAS' } } }, { nowMs: 0 });
 */
export function createDynamoDb(options: DynamoDbOptions): DynamoDb {
  const place = {
    region: options.region ?? 'us-east-1',
    accountId: options.accountId ?? '000000000000',
  };
  const tables = new Tables(place, {
    readLagMs: options.readLagMs ?? NO_LAG,
    expiryDelayMs: options.expiryDelayMs ?? 0,
  });
  const tokens: TokenMemory = new Map();
  const operations = operationsOf(tables, tokens);
  return {
    call(operation: string, input: object, { nowMs }: CallContext) {
      const run = operations.get(operation);
      if (run !== undefined) return run(input, nowMs);
      throw new ServiceError('UnknownOperationException', `DynamoDB has no ${operation} here`);
    },
    dump: () => dumpState(tables, tokens),
    load(state) {
      loadState(state as DumpedState, tables, tokens);
    },
  };
}

function operationsOf(tables: Tables, tokens: TokenMemory): ReadonlyMap<string, Operation> {
  const model = { tables, compiler: createCompiler(), tokens };
  return new Map<string, Operation>([
    ['PutItem', (input, nowMs) => putItem(model, input, nowMs)],
    ['UpdateItem', (input, nowMs) => updateItem(model, input, nowMs)],
    ['DeleteItem', (input, nowMs) => deleteItem(model, input, nowMs)],
    ['GetItem', (input, nowMs) => getItem(model, input, nowMs)],
    ['Query', (input, nowMs) => query(model, input, nowMs)],
    ['Scan', (input, nowMs) => scan(model, input, nowMs)],
    ['BatchWriteItem', (input, nowMs) => batchWriteItem(model, input, nowMs)],
    ['BatchGetItem', (input, nowMs) => batchGetItem(model, input, nowMs)],
    ['TransactWriteItems', (input, nowMs) => transactWriteItems(model, input, nowMs)],
    ['TransactGetItems', (input, nowMs) => transactGetItems(model, input, nowMs)],
    ['CreateTable', (input, nowMs) => createTable(tables, input, nowMs)],
    ['DescribeTable', (input) => describe(tables, input)],
    ['UpdateTable', (input, nowMs) => updateTable(tables, input, nowMs)],
    ['DeleteTable', (input) => deleteTable(tables, input)],
    ['ListTables', (input) => listTables(tables, input)],
    ['UpdateTimeToLive', (input) => updateTimeToLive(tables, input)],
    ['DescribeTimeToLive', (input) => describeTimeToLive(tables, input)],
    ['UpdateContinuousBackups', (input, nowMs) => updateContinuousBackups(tables, input, nowMs)],
    [
      'DescribeContinuousBackups',
      (input, nowMs) => describeContinuousBackups(tables, input, nowMs),
    ],
    ['TagResource', (input) => tagResource(tables, input)],
    ['UntagResource', (input) => untagResource(tables, input)],
    ['ListTagsOfResource', (input) => listTagsOfResource(tables, input)],
  ]);
}

function dumpState(tables: Tables, tokens: TokenMemory): DumpedState {
  return {
    created: tables.created,
    tables: tables.names.map((name) => {
      const table = tables.get(name);
      return {
        definition: structuredClone(table.definition),
        items: Array.from(table.items(), renderItem),
      };
    }),
    tokens: new Map(tokens),
  };
}

function loadState(state: DumpedState, tables: Tables, tokens: TokenMemory): void {
  tables.clear();
  tables.created = state.created;
  for (const { definition, items } of state.tables) {
    const table = tables.add(structuredClone(definition));
    for (const attributes of items) {
      const item = parseItem(attributes);
      table.write(placeOfItem(definition.keySchema, item), item, 0);
    }
  }
  tokens.clear();
  for (const [token, known] of state.tokens) tokens.set(token, known);
}
