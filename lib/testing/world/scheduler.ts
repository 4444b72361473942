// Virtual time. What is to happen waits in a queue by its moment; equal moments come in a random
// order. One thing happens at a time, and all promises that it settles run to their end before the
// next, so that a whole simulation is one repeatable sequence.

import type { Chance } from '../faults/chance.ts';

interface Entry {
  readonly dueMs: number;
  readonly rank: number;
  readonly happen: () => void;
  cancelled: boolean;
}

export class Scheduler {
  nowMs: number;
  private readonly chance: Chance;
  /** Resolves when every promise that can be settled without this queue is settled. */
  private readonly quiet: () => Promise<void>;
  /** Descending by moment, so that the next entry is the last one. */
  private readonly entries: Entry[] = [];

  constructor(options: {
    readonly startMs: number;
    readonly chance: Chance;
    readonly quiet: () => Promise<void>;
  }) {
    this.nowMs = options.startMs;
    this.chance = options.chance;
    this.quiet = options.quiet;
  }

  /** Lets `happen` happen at `dueMs`, or now if that is past; the result takes it back. */
  at(dueMs: number, happen: () => void): () => void {
    const entry: Entry = {
      dueMs: Math.max(dueMs, this.nowMs),
      rank: this.chance.below(2 ** 32),
      happen,
      cancelled: false,
    };
    let place = this.entries.length;
    while (place > 0 && isBefore(this.entries[place - 1]!, entry)) place -= 1;
    this.entries.splice(place, 0, entry);
    return () => {
      entry.cancelled = true;
    };
  }

  after(delayMs: number, happen: () => void): () => void {
    return this.at(this.nowMs + delayMs, happen);
  }

  /** The moment of the next entry; `null` when nothing is left. */
  nextMs(): number | null {
    this.dropCancelled();
    return this.entries.at(-1)?.dueMs ?? null;
  }

  /** Lets the next thing happen and everything that follows from it at once. */
  async step(): Promise<void> {
    this.dropCancelled();
    const entry = this.entries.pop();
    if (entry === undefined) return;
    this.nowMs = entry.dueMs;
    entry.happen();
    await this.quiet();
  }

  private dropCancelled(): void {
    while (this.entries.at(-1)?.cancelled === true) this.entries.pop();
  }
}

const isBefore = (left: Entry, right: Entry) =>
  left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.rank < right.rank);
