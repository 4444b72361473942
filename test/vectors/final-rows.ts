// What a run gave out, and what it comes to in the end.

import { expectRows, isSame } from './compare.ts';
import { unknown, type Value, type Vector } from './vector.ts';

/** What one batch gave out. */
export interface Emitted {
  /** Where it ran: tables of shards are apart. */
  readonly shard: number;
  readonly rows: readonly Value[];
}

export function checkFinal(vector: Vector, what: string, emitted: readonly Emitted[]): void {
  const { final } = vector;
  if (final === undefined) return;
  const actual = finalRows(final.meaning, emitted, vector.keyColumns);
  expectRows({ what: `final rows, ${what}`, actual, expected: final.rows });
}

function finalRows(
  meaning: string,
  emitted: readonly Emitted[],
  keyColumns: number | undefined,
): readonly Value[] {
  const all = emitted.flatMap(({ rows }) => rows);
  if (meaning === 'multiset of all rows emitted') return all;
  if (meaning === 'last full table') {
    const tables = new Map(
      emitted.filter(({ rows }) => rows.length > 0).map(({ shard, rows }) => [shard, rows]),
    );
    return [...tables.values()].flat();
  }
  const match = /^last row per key \(first (\d+|undefined) columns\)$/.exec(meaning);
  if (match === null) return unknown('a meaning of final rows', meaning);
  const columns = match[1] === 'undefined' ? (keyColumns ?? 1) : Number(match[1]);
  const keyOf = (row: Value) => (row as readonly Value[]).slice(0, columns);
  const last: Value[] = [];
  for (const row of all) {
    const place = last.findIndex((other) => isSame(keyOf(other), keyOf(row)));
    if (place < 0) last.push(row);
    else last[place] = row;
  }
  return last;
}
