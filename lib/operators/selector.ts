import type { Selector } from '../plan/plan.ts';
import { operatorFailed } from './record-fault.ts';

/** Reads one value of a row; `undefined` where there is none. */
export type Read = (row: unknown) => unknown;

/**
 * Makes a selector ready to run. A field is an own property, so that the names of what every object
 * inherits (`constructor`, `toString`) are fields like any other.
 */
export function readerOf(selector: Selector, uid: string): Read {
  if (selector.kind === 'field') return fieldReader(selector.field);
  const select = selector.select as (row: unknown) => unknown;
  return (row) => {
    try {
      return select(row);
    } catch (thrown) {
      throw operatorFailed(uid, thrown);
    }
  };
}

/** What a dead letter calls the value: its field, or that a function gave it. */
export function selectorText(selector: Selector): string {
  return selector.kind === 'field' ? `'${selector.field}'` : 'a value that a function selects';
}

function fieldReader(field: string): Read {
  if (field in Object.prototype) {
    return (row) =>
      typeof row === 'object' && row !== null && Object.hasOwn(row, field)
        ? (row as Record<string, unknown>)[field]
        : undefined;
  }
  return (row) =>
    typeof row === 'object' && row !== null ? (row as Record<string, unknown>)[field] : undefined;
}
