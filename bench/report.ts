// The table that the benchmark prints. Figures are for reading: nothing fails when one is missed.

import type { Measured } from './measure.ts';

/** One line of the table. */
export interface ReportRow {
  readonly name: string;
  readonly unit: string;
  readonly measured: Measured;
  /** The bound that the figure is to stay at or below; absent for what is only shown. */
  readonly hold?: number;
  /** Published figures of others for the same work, in the same unit. */
  readonly others?: string;
}

export interface Report {
  readonly floorMs: Measured;
  readonly recordsPerBatch: number;
  readonly passes: number;
  readonly rows: readonly ReportRow[];
}

/** A figure that was counted, not timed. */
export const exactly = (value: number): Measured => ({
  median: value,
  least: value,
  greatest: value,
});

export function formatReport({ floorMs, recordsPerBatch, passes, rows }: Report): string {
  const lines = rows.map(({ name, unit, measured, hold, others }) => [
    name,
    figure(measured.median),
    unit,
    measured.least === measured.greatest
      ? ''
      : `${figure(measured.least)} to ${figure(measured.greatest)}`,
    hold === undefined ? '' : figure(hold),
    hold === undefined ? '' : measured.median <= hold ? 'holds' : 'missed',
    others ?? '',
  ]);
  const titles = ['what', 'median', 'unit', 'spread', 'hold', '', 'others'];
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]!.length)),
  );
  const format = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [
    `F = base64 + UTF-8 + JSON.parse + event time of ${recordsPerBatch.toLocaleString('en')} records: ` +
      `${figure(floorMs.median)} ms of CPU (${figure(floorMs.least)} to ${figure(floorMs.greatest)})`,
    `CPU time of this process; median of ${passes} passes that took turns, the first fifth of each left out`,
    '',
    format(titles),
    format(widths.map((width) => '-'.repeat(width))),
    ...lines.map(format),
    '',
    'Flink: Flink 2 SQL, parallelism 1. Spark: Spark 4.1 Structured Streaming, 10,000 records a batch.',
    'Both measured on the same events on one core, as a multiple of F, without base64, outputs discarded.',
  ].join('\n');
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
