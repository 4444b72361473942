// Joins a stream with a table that does not flow: each row with the rows of the table that have its
// key. The runtime reads the table and gives it to the batch, indexed; no state is kept.

import { EngineError } from '../model/errors.ts';
import type { StaticJoinNode } from '../plan/plan.ts';
import { copyJson, isPlainJson, type JsonValue } from '../state/json-value.ts';
import type { Pass, Push, TableRows } from './pass.ts';
import { faultOf } from './record-fault.ts';
import { readerOf, selectorText } from './selector.ts';

export interface StaticJoinContext {
  readonly pass: Pass;
  readonly next: Push;
  /** Whether functions of the pipeline see rows, so that they may change them. */
  readonly userCode: boolean;
}

const NO_ROWS: readonly unknown[] = [];

/**
 * Rows of a table by the text of their key, the values of `fields` in order. The rows are copied. A
 * row without one of the values, or with null, has no key: nothing equals null.
 *
 * @throws EngineError `invalid` when a row is no plain JSON object, or a value of its key no scalar.
 */
export function indexTable(rows: Iterable<unknown>, fields: readonly string[]): TableRows {
  const index = new Map<string, unknown[]>();
  let count = 0;
  for (const row of rows) {
    count += 1;
    if (typeof row !== 'object' || row === null || Array.isArray(row) || !isPlainJson(row)) {
      throw new EngineError('invalid', `row ${count} of a static table is no plain JSON object`);
    }
    const copy = copyJson(row) as Readonly<Record<string, unknown>>;
    const values = fields.map((field) => (Object.hasOwn(copy, field) ? copy[field] : null));
    if (values.some((value) => typeof value === 'object' && value !== null)) {
      const names = fields.map((field) => `'${field}'`).join(', ');
      throw new EngineError(
        'invalid',
        `row ${count} of a static table has a key, ${names}, that is no string, number or boolean`,
      );
    }
    if (values.includes(null)) continue;
    const text = JSON.stringify(values);
    const known = index.get(text);
    if (known === undefined) index.set(text, [copy]);
    else known.push(copy);
  }
  return index;
}

/** Wires a join with a static table in front of `next`. */
export function createStaticJoin(node: StaticJoinNode, context: StaticJoinContext): Push {
  const { uid, type } = node;
  const { pass, next, userCode } = context;
  const keyText = keyTextReader(node);
  const show = userCode ? (row: unknown) => copyJson(row as JsonValue) : (row: unknown) => row;
  return (row, timeMs) => {
    const table = pass.tables.get(uid);
    if (table === undefined) throw new EngineError('internal', `the table of '${uid}' is missing`);
    const text = keyText(row);
    const rows = text === null ? NO_ROWS : (table.get(text) ?? NO_ROWS);
    if (rows.length === 0 && type === 'left') next({ left: row, right: null }, timeMs);
    for (let index = 0; index < rows.length; index += 1) {
      next({ left: row, right: show(rows[index]) }, timeMs);
    }
  };
}

/** Reads the text of a row's key; `null` where a value is missing or null, which equals nothing. */
function keyTextReader({ key, uid }: StaticJoinNode): (row: unknown) => string | null {
  const reads = key.selectors.map((selector) => readerOf(selector, uid));
  const names = key.selectors.map(selectorText);
  return (row) => {
    const values: unknown[] = [];
    for (let index = 0; index < reads.length; index += 1) {
      const value = reads[index]!(row);
      if (value === undefined || value === null) return null;
      if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isFinite(value)) {
        throw faultOf(
          'key-invalid',
          `${names[index]}, a key, is no string, finite number, boolean or null`,
        );
      }
      values.push(value);
    }
    return JSON.stringify(values);
  };
}
