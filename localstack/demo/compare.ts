import { type HourRow, rowId } from './naive.ts';

const COLUMNS = [
  'origin',
  'windowStart',
  'windowEnd',
  'flights',
  'meanDelay',
  'worstDelay',
] as const satisfies readonly (keyof HourRow)[];

/** One sentence per row that is missing, wrong, there twice or not expected; `place` says where. */
export function differencesOf(
  place: string,
  found: readonly HourRow[],
  expected: ReadonlyMap<string, HourRow>,
): readonly string[] {
  const differences: string[] = [];
  const seen = new Set<string>();
  for (const row of found) {
    const id = rowId(row.origin, row.windowStart);
    const wanted = expected.get(id);
    if (wanted === undefined) differences.push(`${place}: ${id} should not be there`);
    else if (seen.has(id)) differences.push(`${place}: ${id} is there twice`);
    else differences.push(...wrongColumns(`${place}: ${id}`, row, wanted));
    seen.add(id);
  }
  for (const id of expected.keys()) {
    if (!seen.has(id)) differences.push(`${place}: ${id} is missing`);
  }
  return differences;
}

function wrongColumns(at: string, found: HourRow, wanted: HourRow): readonly string[] {
  return COLUMNS.filter((column) => found[column] !== wanted[column]).map(
    (column) => `${at}: ${column} is ${found[column]}, not ${wanted[column]}`,
  );
}
