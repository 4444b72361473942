// Rows that a join keeps. State holds plain JSON alone, and what it holds nobody else may change: where
// functions of the pipeline see rows, a copy is kept; where functions see what the join gives out,
// copies are shown. Where none does, rows are what the decoder made of JSON, and are shared.

import { JSON_DEPTH_MAX } from '../model/limits.ts';
import { copyJson, isPlainJson, type JsonValue, setOwn } from '../state/json-value.ts';
import { operatorReturned } from './record-fault.ts';

/** A row is kept in a list, which is a level of its own. */
const DEPTH_MAX = JSON_DEPTH_MAX - 1;

export interface JoinRows {
  /** The row as it is kept; throws a fault when it cannot be. */
  keep(row: unknown): unknown;
  /** A kept row as it is handed on. */
  show(kept: unknown): unknown;
}

/** Who sees rows besides the join. */
export interface JoinRowsOptions {
  readonly uid: string;
  /** Whether functions of the pipeline do. */
  readonly userCode: boolean;
  /** Whether functions do that take what the join gives out, or decide about it. */
  readonly codeBehind: boolean;
}

export function createJoinRows({ uid, userCode, codeBehind }: JoinRowsOptions): JoinRows {
  const refuse = () => {
    throw operatorReturned(
      uid,
      `cannot keep a row that is not plain JSON of at most ${DEPTH_MAX} levels`,
    );
  };
  const keepCopy = (row: unknown) =>
    flatCopy(row) ?? (isPlainJson(row, DEPTH_MAX) ? copyJson(row) : refuse());
  return {
    keep: userCode ? keepCopy : (row) => (isDeeper(row, DEPTH_MAX) ? refuse() : row),
    show: codeBehind ? copyKept : (kept) => kept,
  };
}

/**
 * A copy of a row that is a plain object of plain values, as nearly all are, much faster than of any
 * other; `null` when it is not.
 */
function flatCopy(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return null;
  if (Object.getPrototypeOf(row) !== Object.prototype) return null;
  const copy: Record<string, unknown> = { ...row };
  let count = 0;
  for (const name in copy) {
    const value = copy[name];
    count += 1;
    if (typeof value === 'number') {
      // Zero may be negative, which JSON does not know.
      if (value === 0) copy[name] = 0;
      else if (!Number.isFinite(value)) return null;
    } else if (typeof value !== 'string' && typeof value !== 'boolean' && value !== null) {
      return null;
    }
  }
  // Neither hidden properties nor symbols, which JSON would leave out. Two calls are a quarter of one
  // to `Reflect.ownKeys`.
  const isAll = Object.getOwnPropertyNames(row).length === count;
  return isAll && Object.getOwnPropertySymbols(row).length === 0 ? copy : null;
}

/** Spreading is by far the fastest copy, but it is one of the outermost level only. */
function copyKept(kept: unknown): unknown {
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) {
    return copyJson(kept as JsonValue);
  }
  const copy: Record<string, unknown> = { ...kept };
  for (const name in copy) {
    const value = copy[name];
    if (typeof value === 'object' && value !== null)
      setOwn(copy, name, copyJson(value as JsonValue));
  }
  return copy;
}

function isDeeper(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depthMax === 0) return true;
  if (Array.isArray(value)) return value.some((member) => isDeeper(member, depthMax - 1));
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name];
    if (typeof member === 'object' && isDeeper(member, depthMax - 1)) return true;
  }
  return false;
}
