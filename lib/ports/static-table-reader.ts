/** A table as it was read at one time. */
export interface TableReading {
  /** What the place calls this state of the table; `null` when it has no name for it. */
  readonly version: string | null;
  /** Plain JSON values, in an order that is the same for the same rows. */
  readonly rows: readonly unknown[];
}

/** Reads tables that a plan joins with and that do not flow, by their logical name. */
export interface StaticTableReader {
  read(name: string): Promise<TableReading>;
}
