// What a run has given out, read from its commits, and where two such results differ. Files and calls
// are compared as the rows in them, in no order, because cuts decide how rows are spread over them.

import { canonicalNumber } from '../cloud/dynamodb/number.ts';
import type { AttributeJson, ItemChange } from '../model/commit.ts';
import type { Plan } from '../plan/plan.ts';

/** Rows of one commit for one sink, decompressed. */
export interface CommittedOutput {
  readonly sinkUid: string;
  readonly role: 'rows' | 'late' | 'dead-letters';
  readonly kind: 'dynamodb' | 's3' | 'function';
  readonly bytes: Uint8Array;
}

/** What is left at the end. */
export interface FinalOutputs {
  /** Items by sink, then by key. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Row>>;
  /** Rows by sink, in the order of commits: those of append mode and dead letters. */
  readonly rows: ReadonlyMap<string, readonly Row[]>;
}

export type Row = unknown;

/** Two rows that should be the same; `undefined` where there is none. */
export interface RowDifference {
  readonly sinkUid: string;
  readonly expected: Row | undefined;
  readonly actual: Row | undefined;
}

export const DEAD_LETTERS_UID = 'dead-letters';

/** Fields of tables that hold exact decimals, by sink. */
export type DecimalFields = ReadonlyMap<string, ReadonlySet<string>>;

/** Which fields of a plan's tables are exact: aggregates over a `decimal`. */
export function decimalFieldsOf({ nodes }: Plan): DecimalFields {
  const fields = nodes.flatMap((sink) => {
    const from = nodes.find(({ uid }) => sink.kind === 'dynamodb-sink' && uid === sink.inputs[0]);
    if (from?.kind !== 'aggregate') return [];
    const names = Object.entries(from.aggregates).flatMap(([name, spec]) =>
      spec.kind !== 'custom' && spec.decimalScale !== null ? [name] : [],
    );
    return [[sink.uid, new Set(names)] as const];
  });
  return new Map(fields);
}

/** Collects outputs in the order of their commits; sinks in `changing` give rows again and again. */
export function collectOutputs(
  outputs: readonly CommittedOutput[],
  changing: ReadonlySet<string>,
  decimals: DecimalFields,
): FinalOutputs {
  const tables = new Map<string, Map<string, Row>>();
  const rows = new Map<string, Row[]>();
  for (const output of outputs) {
    const { sinkUid, kind } = output;
    if (kind === 'dynamodb') {
      const table = tables.get(sinkUid) ?? new Map<string, Row>();
      tables.set(sinkUid, table);
      const exact = decimals.get(sinkUid) ?? new Set();
      for (const line of linesOf(output.bytes)) {
        applyChange(table, JSON.parse(line) as ItemChange, exact);
      }
    } else if (!changing.has(sinkUid)) {
      const collected = rows.get(sinkUid) ?? [];
      rows.set(sinkUid, collected);
      collected.push(...linesOf(output.bytes).map((line) => readLine(output, line)));
    }
  }
  return { tables, rows };
}

/** The first row in which two results differ; `null` when they do not. */
export function differenceOf(
  expected: FinalOutputs,
  actual: FinalOutputs,
  tolerance: number,
): RowDifference | null {
  for (const sinkUid of new Set([...expected.tables.keys(), ...actual.tables.keys()])) {
    const [mine, theirs] = [expected.tables.get(sinkUid), actual.tables.get(sinkUid)];
    for (const key of new Set([...(mine?.keys() ?? []), ...(theirs?.keys() ?? [])])) {
      const [one, other] = [mine?.get(key), theirs?.get(key)];
      if (!isSame(one, other, tolerance)) return { sinkUid, expected: one, actual: other };
    }
  }
  for (const sinkUid of new Set([...expected.rows.keys(), ...actual.rows.keys()])) {
    const [mine, theirs] = [expected.rows.get(sinkUid) ?? [], actual.rows.get(sinkUid) ?? []];
    const difference = differenceInAnyOrder(mine, theirs, tolerance);
    if (difference !== null) return { sinkUid, ...difference };
  }
  return null;
}

/** The first rows of two lists, in no order, that have no partner in the other. */
export function differenceInAnyOrder(
  expected: readonly Row[],
  actual: readonly Row[],
  tolerance: number,
): { readonly expected: Row | undefined; readonly actual: Row | undefined } | null {
  const [mine, theirs] = [sorted(expected), sorted(actual)];
  if (
    mine.length === theirs.length &&
    mine.every((row, index) => isSame(row, theirs[index], tolerance))
  ) {
    return null;
  }
  const left = [...theirs];
  const missing = mine.find((row) => {
    const place = left.findIndex((other) => isSame(row, other, tolerance));
    if (place >= 0) left.splice(place, 1);
    return place < 0;
  });
  if (missing === undefined && left.length === 0) return null;
  return { expected: missing, actual: missing === undefined ? left[0] : nearest(missing, left) };
}

/** The lines of NDJSON. */
const linesOf = (bytes: Uint8Array): readonly string[] =>
  Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');

/** An item without its place in the table. */
export function readItem(
  item: Readonly<Record<string, AttributeJson>>,
  exact: ReadonlySet<string>,
): Record<string, unknown> {
  const fields = Object.entries(item).filter(([name]) => name !== 'pk' && name !== 'sk');
  return Object.fromEntries(
    fields.map(([name, value]) => [
      name,
      'N' in value && exact.has(name) ? canonicalNumber(value.N) : readAttribute(value),
    ]),
  );
}

/**
 * Whether two values are equal. Doubles may differ by `tolerance`, measured by the larger one: added
 * in another order, they round otherwise. Whole numbers do not round, and decimals are texts.
 */
function isSame(left: unknown, right: unknown, tolerance: number): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left === 'number' && typeof right === 'number') {
    if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left === right;
    const scale = Math.max(1, Math.abs(left), Math.abs(right));
    return Math.abs(left - right) <= tolerance * scale;
  }
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return false;
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(right, name) &&
      isSame(
        (left as Record<string, unknown>)[name],
        (right as Record<string, unknown>)[name],
        tolerance,
      ),
  );
}

function applyChange(
  table: Map<string, Row>,
  change: ItemChange,
  exact: ReadonlySet<string>,
): void {
  const { pk, sk } = 'put' in change ? change.put : change.delete;
  const key = JSON.stringify([pk, sk]);
  if ('put' in change) table.set(key, readItem(change.put, exact));
  else table.delete(key);
}

/** Dead letters hold where they stood in the stream, which is another place in another run. */
function readLine({ role }: CommittedOutput, line: string): Row {
  const row = JSON.parse(line) as Row;
  if (role !== 'dead-letters') return row;
  const { reason, detail, data } = row as Record<string, string>;
  return { reason, detail, event: Buffer.from(data ?? '', 'base64').toString('utf8') };
}

function readAttribute(value: AttributeJson): unknown {
  if ('S' in value) return value.S;
  if ('N' in value) return readNumber(value.N);
  if ('BOOL' in value) return value.BOOL;
  if ('NULL' in value) return null;
  if ('L' in value) return value.L.map(readAttribute);
  return Object.fromEntries(
    Object.entries(value.M).map(([name, member]) => [name, readAttribute(member)]),
  );
}

/** A double where it is one, else the exact text, which no double holds. */
function readNumber(text: string): number | string {
  const [exact, double] = [canonicalNumber(text), Number(text)];
  return canonicalNumber(String(double)) === exact ? double : exact;
}

/** By text; near numbers may sort apart, which the slow comparison then makes up for. */
const sorted = (rows: readonly Row[]): readonly Row[] =>
  rows
    .map((row) => ({ row, text: JSON.stringify(row) ?? '' }))
    .sort((left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0))
    .map(({ row }) => row);

/** The row that shares the most fields. */
function nearest(row: Row, others: readonly Row[]): Row | undefined {
  if (typeof row !== 'object' || row === null) return others[0];
  const shared = (other: Row) =>
    typeof other !== 'object' || other === null
      ? -1
      : Object.entries(row).filter(([name, value]) =>
          isSame(value, (other as Record<string, unknown>)[name], 0),
        ).length;
  return [...others].sort((left, right) => shared(right) - shared(left))[0];
}
