// What is known of a stream while a plan of a vector is turned into a pipeline: its columns, and which
// of them holds the event time that its rows carry.

import type { Flow } from './api.ts';
import { expression } from './expressions.ts';

export interface Relation {
  readonly stream: Flow;
  readonly columns: readonly string[];
  /** The expression over the columns that gives the event time of rows, in seconds; `null`: none does. */
  readonly time: string | null;
  /** Whether that is a column that was declared as the event time in front of it, under this name. */
  readonly declared: boolean;
  /** Whether a watermark is declared in front of it. */
  readonly clocked: boolean;
}

/** The field that holds an event time that is no column, in microseconds. */
export const TIME_FIELD = '$time';

/** Times may lie anywhere: the clock of a test stands still. */
export const MAX_AHEAD = '36500 days';

/** The end of time in microseconds: nothing there is ever late. */
const NEVER_LATE = 253_402_300_799_000_000;

/**
 * Rows with the event time that an expression gives. Rows without a time are dropped where only rows
 * with one count, as in windows, else they are never late.
 */
export function withTime(
  relation: Relation,
  time: string,
  options: { readonly nulls: 'drop' | 'keep'; readonly asField?: boolean },
): Relation {
  const isThere = relation.time === time && (options.asField !== true || relation.declared);
  if (isThere) return relation;
  const timeOf = expression(time);
  const timed = relation.stream.flatMap((row) => {
    const at = timeOf(row) as number | null;
    if (at === null && options.nulls === 'drop') return [];
    const micros = at === null ? NEVER_LATE : Math.round(at * 1e6);
    return [{ ...(row as object), [TIME_FIELD]: micros }];
  });
  const stream = timed.eventTime(TIME_FIELD, { unit: 'microseconds' });
  return { ...relation, stream, time, declared: false };
}

/** Rows whose event time is gone: nothing behind drops them as late. */
export function withoutTime(relation: Relation): Relation {
  const { stream, clocked } = relation;
  if (!clocked) return { ...relation, time: null, declared: false };
  const timeless = stream
    .map((row) => ({ ...(row as object), [TIME_FIELD]: NEVER_LATE }))
    .eventTime(TIME_FIELD, { unit: 'microseconds' });
  return { ...relation, stream: timeless, time: null, declared: false };
}
