// Tables that do not flow, for `.joinStatic`: they are named logically, as sinks are.

import type { StaticTable } from './plan.ts';

declare const row: unique symbol;

/** A table of rows of type `Row`, which stream rows are joined with. */
export interface JoinTable<out Row> {
  readonly table: StaticTable;
  readonly [row]?: () => Row;
}

/**
 * A table whose rows stand in the pipeline itself. The name tells it apart in `explain()`.
 *
 * @example
 * stream.joinStatic(staticRows('airports', airports), { on: [['origin', 'code']] });
 */
export function staticRows<Row>(name: string, rows: readonly Row[]): JoinTable<Row> {
  return { table: { kind: 'rows', name, rows } };
}

/**
 * A table in one object of S3: a JSON row on each line. It is read at the start of a sandbox, and
 * again once it is older than `refresh`; `Row` is your word for its type.
 *
 * @example
 * stream.joinStatic(s3Table<Airport>('airports'), { on: [['origin', 'code']], type: 'left' });
 */
export function s3Table<Row>(name: string): JoinTable<Row> {
  return { table: { kind: 's3', name } };
}

/**
 * A DynamoDB table, read as `s3Table` is.
 *
 * @example
 * stream.joinStatic(dynamodbTable<Airport>('airports'), { on: [['origin', 'code']] });
 */
export function dynamodbTable<Row>(name: string): JoinTable<Row> {
  return { table: { kind: 'dynamodb', name } };
}
