// One table: its definition and its items, each with its stored size.

import { type KeyRange, SortedMap } from '../sorted-map.ts';
import type { Item } from './attribute-value.ts';
import type { KeySchema } from './item-key.ts';
import { itemBytes } from './item-size.ts';

/** An item with its size in bytes. */
export interface StoredItem {
  readonly item: Item;
  readonly bytes: number;
}

/** What was in a place before a write, kept for reads that lag behind. */
interface PastWrite {
  readonly place: string;
  readonly atMs: number;
  readonly before: StoredItem | undefined;
}

/** Everything about a table except its items; plain data. */
export interface TableDefinition {
  readonly name: string;
  readonly id: string;
  readonly createdAtMs: number;
  readonly keySchema: KeySchema;
  readonly billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED';
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly deletionProtection: boolean;
  readonly tableClass: string;
  readonly encryption: { readonly keyArn: string } | undefined;
  readonly timeToLiveAttribute: string | undefined;
  readonly pointInTimeRecovery: { readonly sinceMs: number; readonly days: number } | undefined;
  readonly tags: ReadonlyMap<string, string>;
}

/** How late the service may be. */
export interface Lateness {
  /** How far an eventually consistent read at a moment lags behind, in milliseconds. */
  readonly readLagMs: (nowMs: number) => number;
  /** How long after its expiry an item is deleted, in milliseconds. */
  readonly expiryDelayMs: number;
}

/** Eventually consistent reads catch up within a second ("Read consistency"); with a wide margin. */
const READ_LAG_MS_MAX = 60_000;
/** Items that expired longer ago are not deleted ("Time to live": five years). */
const EXPIRY_AGE_MS_MAX = 5 * 365 * 86_400_000;

export class Table {
  definition: TableDefinition;
  readonly #items = new SortedMap<StoredItem>();
  readonly #past: PastWrite[] = [];
  readonly #lateness: Lateness;
  #bytes = 0;

  constructor(definition: TableDefinition, lateness: Lateness) {
    this.definition = definition;
    this.#lateness = lateness;
  }

  get itemCount(): number {
    return this.#items.size;
  }

  get itemBytes(): number {
    return this.#bytes;
  }

  /** The item in a place, as a strongly consistent read sees it; one past its expiry is deleted. */
  read(place: string, nowMs: number): StoredItem | undefined {
    const stored = this.#items.get(place);
    if (stored === undefined || !this.#isExpired(stored, nowMs)) return stored;
    this.write(place, undefined, nowMs);
    return undefined;
  }

  /** The item in a place, as an eventually consistent read sees it. */
  readLagging(place: string, nowMs: number): StoredItem | undefined {
    const past = this.#undoneAt(nowMs);
    return past.has(place) ? past.get(place) : this.read(place, nowMs);
  }

  /** Stores an item, or deletes what is in its place. */
  write(place: string, item: Item | undefined, nowMs: number): StoredItem | undefined {
    const before = this.#items.get(place);
    this.#remember({ place, atMs: nowMs, before });
    if (before !== undefined) this.#bytes -= before.bytes;
    if (item === undefined) {
      this.#items.delete(place);
      return undefined;
    }
    const stored = { item, bytes: itemBytes(item) };
    this.#items.set(place, stored);
    this.#bytes += stored.bytes;
    return stored;
  }

  /** Items of a range of places in order, as a strongly consistent read sees them. */
  *walk(range: KeyRange, direction: Direction, nowMs: number): Generator<PlacedItem> {
    const entries =
      direction === 'ascending' ? this.#items.ascending(range) : this.#items.descending(range);
    const expired: string[] = [];
    try {
      for (const [place, stored] of entries) {
        if (this.#isExpired(stored, nowMs)) expired.push(place);
        else yield [place, stored];
      }
    } finally {
      for (const place of expired) this.write(place, undefined, nowMs);
    }
  }

  /** Items of a range of places in order, as an eventually consistent read sees them. */
  walkLagging(range: KeyRange, direction: Direction, nowMs: number): Iterable<PlacedItem> {
    const past = this.#undoneAt(nowMs);
    if (past.size === 0) return this.walk(range, direction, nowMs);
    const view = new SortedMap<StoredItem>();
    for (const [place, stored] of this.walk(range, 'ascending', nowMs)) view.set(place, stored);
    for (const [place, before] of past) {
      if (before === undefined) view.delete(place);
      else view.set(place, before);
    }
    return direction === 'ascending' ? view.ascending(range) : view.descending(range);
  }

  /** All items in the order of their places. */
  *items(): Generator<Item> {
    for (const [, { item }] of this.#items.ascending()) yield item;
  }

  #isExpired({ item }: StoredItem, nowMs: number): boolean {
    const { timeToLiveAttribute } = this.definition;
    if (timeToLiveAttribute === undefined) return false;
    const expiry = item.get(timeToLiveAttribute);
    if (expiry?.kind !== 'N') return false;
    const ageMs = nowMs - Number(expiry.text) * 1000;
    return ageMs >= this.#lateness.expiryDelayMs && ageMs <= EXPIRY_AGE_MS_MAX;
  }

  #remember(write: PastWrite): void {
    if (this.#lateness.readLagMs === NO_LAG) return;
    this.#past.push(write);
    while (this.#past[0]!.atMs < write.atMs - READ_LAG_MS_MAX) this.#past.shift();
  }

  /** What was in the places written within the lag, before the first of those writes. */
  #undoneAt(nowMs: number): ReadonlyMap<string, StoredItem | undefined> {
    const undone = new Map<string, StoredItem | undefined>();
    const lagMs = this.#lateness.readLagMs(nowMs);
    if (lagMs <= 0) return undone;
    for (let index = this.#past.length - 1; index >= 0; index -= 1) {
      const { place, atMs, before } = this.#past[index]!;
      if (atMs <= nowMs - lagMs) break;
      undone.set(place, before);
    }
    return undone;
  }
}

/** The way a range is walked. */
export type Direction = 'ascending' | 'descending';

/** A place and the item in it. */
export type PlacedItem = readonly [string, StoredItem];

/** Every read is up to date. */
export const NO_LAG = () => 0;
