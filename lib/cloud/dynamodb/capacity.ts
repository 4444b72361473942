// Consumed capacity: a write unit for each KB begun, a read unit for each 4 KB begun, half of it for
// eventually consistent reads, twice of either in transactions ("Read/write capacity mode").

import type { StoredItem } from './table.ts';

const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;

/** How a request was made, for its price. */
export type ReadMode = 'eventual' | 'consistent' | 'transactional';

/** Units of a write that turned `before` into `after`: the larger of the two counts. */
export function writeUnits(
  before: StoredItem | undefined,
  after: StoredItem | undefined,
  factor = 1,
): number {
  const bytes = Math.max(before?.bytes ?? 0, after?.bytes ?? 0, 1);
  return Math.ceil(bytes / WRITE_UNIT_BYTES) * factor;
}

/** Units of a read of `bytes`. */
export function readUnits(bytes: number, mode: ReadMode): number {
  const units = Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES));
  if (mode === 'eventual') return units / 2;
  return mode === 'consistent' ? units : units * 2;
}

/** The member of an answer that reports units, if the request asked for it. */
export function consumed(
  wanted: string | undefined,
  tableName: string,
  units: number,
): { readonly ConsumedCapacity?: object } {
  if (wanted === undefined || wanted === 'NONE') return {};
  return { ConsumedCapacity: consumedEntry(wanted, tableName, units) };
}

/** One table's entry of an answer that reports several. */
function consumedEntry(wanted: string, tableName: string, units: number): object {
  const total = { TableName: tableName, CapacityUnits: units };
  return wanted === 'INDEXES' ? { ...total, Table: { CapacityUnits: units } } : total;
}

/** The member of an answer of a batch or transaction, one entry for each table. */
export function consumedByTable(
  wanted: string | undefined,
  units: ReadonlyMap<string, number>,
): { readonly ConsumedCapacity?: readonly object[] } {
  if (wanted === undefined || wanted === 'NONE') return {};
  return {
    ConsumedCapacity: [...units].map(([name, count]) => consumedEntry(wanted, name, count)),
  };
}
