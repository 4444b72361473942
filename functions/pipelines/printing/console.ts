// Prints batches as Spark's console sink and its `print()` do, for examples: whoever knows those finds
// the same lines here. In the cloud they stand in the log of the function.

/** Rows that are shown of a table, as many as Spark shows. */
const ROWS_SHOWN_MAX = 20;
const COLUMN_WIDTH_MIN = 3;
/** Elements that `print()` shows of a batch. */
const ELEMENTS_SHOWN_MAX = 10;
const LINE = '-'.repeat(43);

/** Columns of a table by their heading: how a row's cell reads. */
export type Columns<Row> = Readonly<Record<string, (row: Row) => string>>;

/**
 * The block of one batch as a table, sorted by its cells from the left. With `truncate`, cells of more
 * than 20 characters are cut and all of them stand at the right, as in Spark; without it they are whole
 * and stand at the left.
 */
export function batchTable<Row>(
  batchId: string,
  rows: readonly Row[],
  options: { readonly columns: Columns<Row>; readonly truncate: boolean },
): string {
  const { columns, truncate } = options;
  const read = Object.values(columns);
  const cells = rows.map((row) => read.map((cellOf) => cellOf(row))).sort(compareCells);
  const lines = [Object.keys(columns), ...cells.slice(0, ROWS_SHOWN_MAX)].map((line) =>
    truncate ? line.map(truncated) : line,
  );
  const widths = read.map((_, column) =>
    Math.max(COLUMN_WIDTH_MIN, ...lines.map((line) => line[column]!.length)),
  );
  const pad = (text: string, column: number) =>
    truncate ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  const [heading, ...body] = lines.map((line) => `|${line.map(pad).join('|')}|`);
  const border = `+${widths.map((width) => '-'.repeat(width)).join('+')}+`;
  const more = rows.length > body.length ? [`only showing top ${ROWS_SHOWN_MAX} rows`] : [];
  return [
    ...[LINE, `Batch: ${batchNumberOf(batchId)}`, LINE],
    ...[border, heading, border, ...body, border, ...more, ''],
  ].join('\n');
}

/** The block of one batch as `print()` of a DStream shows it: its first ten elements. */
export function firstElements(batchTimeMs: number, elements: readonly string[]): string {
  const more = elements.length > ELEMENTS_SHOWN_MAX ? ['...'] : [];
  return [
    ...[LINE, `Time: ${batchTimeMs} ms`, LINE],
    ...[...elements.slice(0, ELEMENTS_SHOWN_MAX), ...more, ''],
  ].join('\n');
}

/** The bounds of a window as Spark shows them, in UTC. */
export function windowText(row: {
  readonly windowStart: string;
  readonly windowEnd: string;
}): string {
  return `{${timestampText(row.windowStart)}, ${timestampText(row.windowEnd)}}`;
}

/** A double as Spark shows it: never without a point. */
export function doubleText(value: number | null): string {
  if (value === null) return 'NULL';
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

const CELL_LENGTH_MAX = 20;

const truncated = (text: string) =>
  text.length > CELL_LENGTH_MAX ? `${text.slice(0, CELL_LENGTH_MAX - 3)}...` : text;

/** `2024-01-01T12:00:00.000Z` without what is no news. */
const timestampText = (iso: string) => iso.replace('T', ' ').replace('Z', '').replace('.000', '');

function compareCells(one: readonly string[], other: readonly string[]): number {
  const column = one.findIndex((text, index) => text !== other[index]);
  return column < 0 ? 0 : one[column]! < other[column]! ? -1 : 1;
}

/** Batches of a shard are counted from 1, Spark's from 0. */
const batchNumberOf = (batchId: string) => Number(batchId.slice(batchId.lastIndexOf('-') + 1)) - 1;
