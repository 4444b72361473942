// Partial aggregates, as panes hold them: a table with one row.

import type { Accumulation } from '../../lib/operators/accumulation.ts';
import { RowTable } from '../../lib/state/row-table.ts';

/** The partial of some rows. */
export function partialOf(accumulation: Accumulation, rows: readonly unknown[]): RowTable {
  const table = new RowTable(accumulation.columns.map(({ kind }) => kind));
  const slot = table.append(0);
  for (const [index, column] of accumulation.columns.entries()) {
    if (column.kind === 'number') (table.columns[index] as Float64Array)[slot] = column.initial;
  }
  for (const row of rows) {
    accumulation.prepare(row);
    accumulation.add(table, slot, row);
  }
  return table;
}

/** A new partial of the rows of both; neither is changed. */
export function mergedPartials(
  accumulation: Accumulation,
  left: RowTable,
  right: RowTable,
): RowTable {
  const target = partialOf(accumulation, []);
  target.copyRow(0, left, 0);
  accumulation.merge(target, 0, right, 0);
  return target;
}
