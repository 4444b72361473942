import { differencesOf } from './compare.ts';
import { closedHours, type Departure, departuresByHour, type HourRow } from './naive.ts';
import type { CommitSummary } from './outputs.ts';
import type { BadRecord } from './stream-script.ts';

export type Totals = CommitSummary['counts'];

/** What was read back. */
export interface Found {
  readonly table: readonly HourRow[];
  readonly rows: readonly HourRow[];
  readonly late: readonly Departure[];
  readonly deadLetters: readonly DeadLetter[];
  readonly totals: Totals;
}

/** A dead letter as it is stored, as far as it is compared. */
export interface DeadLetter {
  readonly reason: string;
  /** base64 */
  readonly data: string;
}

/** What went in, in the order of pushing. */
export interface Pushed {
  /** Events that are not late. */
  readonly onTime: readonly Departure[];
  readonly late: readonly Departure[];
  readonly bad: readonly BadRecord[];
  readonly shardOf: (origin: string) => string;
}

/** One sentence for each way in which what came out is not what the plain computation says. */
export function verify(found: Found, pushed: Pushed): readonly string[] {
  const hours = departuresByHour(pushed.onTime);
  const closed = closedHours(hours, pushed.onTime, pushed.shardOf);
  const bytes = pushed.bad.map(({ data }) => Buffer.from(data).toString('base64'));
  return [
    ...differencesOf('DynamoDB', found.table, hours),
    ...differencesOf('S3', found.rows, closed),
    ...bagDifferences('late rows', found.late.map(eventId), pushed.late.map(eventId)),
    ...bagDifferences(
      'dead letters',
      found.deadLetters.map(({ data }) => data),
      bytes,
    ),
    ...countDifferences(found.totals, pushed),
  ];
}

/** The engine's own counts must say the same as the program that pushed. */
function countDifferences(totals: Totals, { onTime, late, bad }: Pushed): readonly string[] {
  const wanted: Readonly<Record<string, readonly [number, number]>> = {
    'records in without duplicates': [
      totals.in - totals.duplicate,
      onTime.length + late.length + bad.length,
    ],
    applied: [totals.applied, onTime.length],
    late: [totals.late, late.length],
    dead: [totals.dead, bad.length],
    filtered: [totals.filtered, 0],
  };
  return Object.entries(wanted)
    .filter(([, [found, expected]]) => found !== expected)
    .map(([name, [found, expected]]) => `commit log: ${name} is ${found}, not ${expected}`);
}

/** Members of one bag and not of the other, each as often as it is there too often. */
function bagDifferences(
  place: string,
  found: readonly string[],
  expected: readonly string[],
): readonly string[] {
  const left = [...expected];
  const surplus = found.filter((member) => {
    const index = left.indexOf(member);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
  return [
    ...surplus.map((member) => `${place}: ${shortened(member)} should not be there`),
    ...left.map((member) => `${place}: ${shortened(member)} is missing`),
  ];
}

const shortened = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text);

const eventId = ({ departedAt, origin, destination, delay, distance }: Departure) =>
  JSON.stringify({ departedAt, origin, destination, delay, distance });
