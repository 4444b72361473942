// Arithmetic of the ring. Batch number N lives in slot N mod R, so N = R is in slot 0. Behind the
// head lie the slots of the previous lap: a reader asks for little more than it expects to find and
// stops at the first slot that is not the next number.

import type { BatchNumber } from '../model/ids.ts';

export interface SlotRange {
  readonly firstSlot: number;
  readonly lastSlot: number;
  readonly limit: number;
}

export const slotOf = (batchNumber: BatchNumber, ringSize: number) => batchNumber % ringSize;

/** Whether a slot that should hold batch `expected` holds one of a later lap. */
export function isLaterLap(found: BatchNumber, expected: BatchNumber, ringSize: number): boolean {
  return found > expected && slotOf(found, ringSize) === slotOf(expected, ringSize);
}

/** The next query for the commits from `first` on: to the end of the ring; a wrap takes one more. */
export function planSlotRange(
  first: BatchNumber,
  ring: { readonly size: number; readonly expected: number },
): SlotRange {
  const firstSlot = slotOf(first, ring.size);
  const lastSlot = ring.size - 1;
  return { firstSlot, lastSlot, limit: Math.min(ring.expected, lastSlot - firstSlot + 1) };
}

/** Whether the slot for `next` may be written: the older of the two newest checkpoints covers what it held. */
export function isSlotFree(
  next: BatchNumber,
  ring: { readonly size: number; readonly coveredTo: number },
): boolean {
  return next - ring.size <= ring.coveredTo;
}
