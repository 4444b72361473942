// Checks the counts of commits against what was delivered. Each record of a delivery is counted once by
// the commits of its invocation, up to the position of the last one: as taken or as a duplicate.

import { decodeBatch } from '../../decoding/decode-batch.ts';
import type { DeliveredRecord, Position } from '../../model/record.ts';
import { type JournalEntry, nameOf, positionOf, type ReportViolation } from './journal.ts';

interface Delivery {
  /** Place of each record of the batch, by position; packed records are opened. */
  readonly places: ReadonlyMap<string, number>;
  /** Records that commits of this invocation have counted. */
  counted: number;
}

export class AccountWatch {
  private readonly report: ReportViolation;
  private readonly deliveries = new Map<number, Delivery[]>();

  constructor(report: ReportViolation) {
    this.report = report;
  }

  /** A sandbox was handed a batch. */
  delivered(sandboxId: number, records: readonly DeliveredRecord[]): void {
    const delivery = { places: placesOf(records), counted: 0 };
    this.deliveries.set(sandboxId, [delivery, ...(this.deliveries.get(sandboxId) ?? [])]);
  }

  /** A commit of a sandbox was applied; a held request may belong to a delivery before the last. */
  committed(sandboxId: number, entry: JournalEntry): void {
    const { commit } = entry;
    const { counts, firstPosition } = commit.header;
    const last = positionOf(entry);
    if (firstPosition === null || last === undefined) return;
    const counting = (this.deliveries.get(sandboxId) ?? []).find(({ places, counted }) => {
      const from = places.get(textOf(firstPosition));
      const to = places.get(textOf(last));
      if (from === undefined || to === undefined) return false;
      return counts.in - counts.duplicate === to + 1 - from && counts.in === to + 1 - counted;
    });
    if (counting !== undefined) counting.counted += counts.in;
    else this.report('I1', `${nameOf(commit)}: its counts are not those of what was delivered`);
  }
}

/** Place of each record by its position, packed records opened, in the order given. */
function placesOf(records: readonly DeliveredRecord[]): ReadonlyMap<string, number> {
  const decoded = decodeBatch(records, null);
  return new Map(
    Array.from({ length: decoded.count }, (_, index) => [textOf(decoded.positionOf(index)), index]),
  );
}

export const textOf = ({ sequenceNumber, subSequenceNumber }: Position) =>
  `${sequenceNumber}:${subSequenceNumber}`;
