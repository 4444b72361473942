// Rows that a join keeps. State holds plain JSON alone, and what it holds nobody else may change: where
// functions of the pipeline see rows, a copy is kept and copies are shown. Where none does, rows are
// what the decoder made of JSON, and are shared.

import { JSON_DEPTH_MAX } from '../model/limits.ts';
import { copyJson, isPlainJson, type JsonValue } from '../state/json-value.ts';
import { operatorReturned } from './record-fault.ts';

/** A row is kept in a list, which is a level of its own. */
const DEPTH_MAX = JSON_DEPTH_MAX - 1;

export interface JoinRows {
  /** The row as it is kept; throws a fault when it cannot be. */
  keep(row: unknown): unknown;
  /** A kept row as it is handed on. */
  show(kept: unknown): unknown;
}

/** `userCode` tells whether functions of the pipeline see rows. */
export function createJoinRows(uid: string, userCode: boolean): JoinRows {
  const refuse = () => {
    throw operatorReturned(
      uid,
      `cannot keep a row that is not plain JSON of at most ${DEPTH_MAX} levels`,
    );
  };
  if (userCode) {
    return {
      keep: (row) => (isPlainJson(row, DEPTH_MAX) ? copyJson(row) : refuse()),
      show: (kept) => copyJson(kept as JsonValue),
    };
  }
  return {
    keep: (row) => (isDeeper(row, DEPTH_MAX) ? refuse() : row),
    show: (kept) => kept,
  };
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
