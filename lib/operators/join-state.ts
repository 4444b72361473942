// How the rows of one side of a join lie in state. A row key names the side, a bucket of time and a
// chunk; under it a key has one value, the list of its rows there:
//
//   row key   ((bucket * 4096) + chunk) * 2 + side; of a side without buckets, chunk * 2 + side
//   value     for each row: place in the bucket, in ms (null: it has no time) · 1 if it has met one,
//             else 0 · the row · where the join has windows, its time from the start of the window
//
// A chunk is full with 16 rows, then the next is begun: the after-image of a busy key is a chunk and
// not all of its rows. Rows leave only with their bucket, so that every chunk but the last is full.
// The rows of a bucket that have expired alone stay in it; who reads them leaves them out.

import type { DraftTable, OperatorDraft } from '../state/operator-draft.ts';
import type { RowTable } from '../state/row-table.ts';
import { slotsByKey } from '../state/rows-codec.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import { isExpired, type SideRules } from './join-sides.ts';

/** The rows of a key in one chunk, each as so many values as `stride` of its side says. */
export type Entries = readonly unknown[];

/** Where the parts of a stored row lie, from its first value. */
export const ENTRY = { place: 0, met: 1, row: 2, time: 3 } as const;

const CHUNK_ROWS = 16;
/** Chunks of a bucket; the last takes all further rows. */
const CHUNKS_PER_BUCKET = 4_096;
/** Without buckets nothing bounds the chunks but the range of row keys. */
const CHUNKS_WITHOUT_BUCKETS = 2 ** 50;
/** Buckets whose tables are at hand; a row looks at no more than seven. */
const HANDLES = 16;

/** The tables of one bucket's first chunk: nearly always there is no other. */
interface Handle {
  bucket: number;
  changed: DraftTable | null;
  warm: RowTable | null;
}

/** A row on its way through the join. */
export interface Arrival {
  /** As it is kept. */
  readonly row: unknown;
  readonly keyId: number;
  /** Its event time; NaN where it has none. */
  readonly timeMs: number;
  /** Start of its window, or else its time. */
  readonly placeMs: number;
}

/** A stored row that has expired, where it lies. */
export interface Due {
  readonly keyId: number;
  readonly entries: Entries;
  readonly at: number;
  readonly bucket: number;
}

export class JoinState {
  /** Values per row in a list. */
  readonly stride: number;
  private readonly rules: SideRules;
  private readonly fullLength: number;
  private readonly lastChunk: number;
  private readonly handles: Handle[] = Array.from({ length: HANDLES }, () => ({
    bucket: Number.NaN,
    changed: null,
    warm: null,
  }));
  private draft!: OperatorDraft;
  /** Buckets that may have rows, ascending; `null` before anything has asked for them. */
  private known: number[] | null = null;

  constructor(rules: SideRules, options: { readonly holdsTime: boolean }) {
    this.rules = rules;
    this.stride = options.holdsTime ? 4 : 3;
    this.fullLength = CHUNK_ROWS * this.stride;
    this.lastChunk = (rules.widthMs === null ? CHUNKS_WITHOUT_BUCKETS : CHUNKS_PER_BUCKET) - 1;
  }

  /** Begins a batch. */
  begin(draft: OperatorDraft): void {
    this.draft = draft;
    this.known = null;
    for (const handle of this.handles) {
      handle.bucket = Number.NaN;
      handle.changed = null;
      handle.warm = null;
    }
  }

  bucketOf(placeMs: number): number {
    const { widthMs } = this.rules;
    return widthMs === null ? 0 : Math.floor(placeMs / widthMs);
  }

  /** The place that the places in a bucket's lists count from. */
  baseOf(bucket: number): number {
    return bucket * (this.rules.widthMs ?? 0);
  }

  /** Buckets that may have rows, ascending. */
  buckets(): readonly number[] {
    if (this.known === null) {
      const buckets = this.rowKeys().map((rowKey) => this.bucketOfRowKey(rowKey));
      this.known = [...new Set(buckets)];
    }
    return this.known;
  }

  /** The rows of a key in a chunk; `null` when there are none, also in those that follow. */
  entriesAt(bucket: number, chunk: number, keyId: number): Entries | null {
    if (chunk > 0) return this.entriesOf(this.tablesAt(bucket, chunk), keyId);
    return this.entriesOf(this.handleOf(bucket), keyId);
  }

  /** Whether a key's rows of a bucket may go on in the chunk behind this one. */
  goesOn(entries: Entries, chunk: number): boolean {
    return entries.length >= this.fullLength && chunk < this.lastChunk;
  }

  /** Stores a row; `met` tells whether it has met one of the other side. */
  add(arrival: Arrival, met: 0 | 1): void {
    const { keyId, placeMs, timeMs, row } = arrival;
    const bucket = this.bucketOf(placeMs);
    const place = Number.isNaN(placeMs) ? null : placeMs - this.baseOf(bucket);
    const added = this.stride === 3 ? [place, met, row] : [place, met, row, timeMs - placeMs];
    let chunk = 0;
    let before = this.entriesAt(bucket, 0, keyId);
    if (before !== null && this.goesOn(before, 0)) {
      chunk = this.chunkWithRoom(bucket, keyId);
      before = this.entriesAt(bucket, chunk, keyId);
    }
    this.write(
      this.changedTable(bucket, chunk),
      keyId,
      before === null ? added : before.concat(added),
    );
  }

  /** Writes the rows of a key in a chunk anew. */
  replace(
    where: { readonly bucket: number; readonly chunk: number; readonly keyId: number },
    entries: Entries,
  ): void {
    this.write(this.changedTable(where.bucket, where.chunk), where.keyId, entries);
  }

  /**
   * Stored rows that have expired now and had not before, in an order that does not depend on the
   * sandbox: by bucket, key group, key, and as they came.
   */
  *due(previous: GroupWatermarks, current: GroupWatermarks): Iterable<Due> {
    const { rules, stride } = this;
    const expiry = rules.expiry!;
    const { keys } = this.draft;
    for (const bucket of this.dueBuckets(previous, current)) {
      const base = this.baseOf(bucket);
      const lists = new Map<number, Entries[]>();
      const isDue = (entries: Entries, at: number, group: number) => {
        const place = base + (entries[at + ENTRY.place] as number);
        return (
          isExpired(expiry, place, current.of(group)) &&
          !isExpired(expiry, place, previous.of(group))
        );
      };
      for (let chunk = 0; ; chunk += 1) {
        const tables = this.tablesAt(bucket, chunk);
        if (tables.changed === null && tables.warm === null) break;
        visitRows(tables, (keyId, entries) => {
          const group = keys.keyGroupOf(keyId);
          for (let at = 0; at < entries.length; at += stride) {
            if (entries[at + ENTRY.met] !== 0 || !isDue(entries, at, group)) continue;
            const known = lists.get(keyId);
            if (known === undefined) lists.set(keyId, [entries]);
            else known.push(entries);
            return;
          }
        });
      }
      for (const keyId of this.inOrder(lists)) {
        const group = keys.keyGroupOf(keyId);
        for (const entries of lists.get(keyId)!) {
          for (let at = 0; at < entries.length; at += stride) {
            if (entries[at + ENTRY.met] !== 0 || !isDue(entries, at, group)) continue;
            yield { keyId, entries, at, bucket };
          }
        }
      }
    }
  }

  /** Forgets the buckets of which all rows have expired. */
  evict(watermarks: GroupWatermarks): void {
    const { draft } = this;
    const { expiry, widthMs, lastBeforeEndMs } = this.rules;
    if (expiry === null || widthMs === null) return;
    for (const rowKey of this.rowKeys()) {
      const endMs = this.baseOf(this.bucketOfRowKey(rowKey)) + widthMs;
      const goneMs = endMs - lastBeforeEndMs + expiry.behindMs;
      for (const range of watermarks.rangesClosedAt(goneMs)) {
        if (draft.hasRowsIn({ rowKey, ...range })) draft.evict({ rowKey, ...range });
      }
    }
  }

  /** How many stored rows have not expired. */
  count(watermarks: GroupWatermarks): number {
    const { draft, stride } = this;
    const { expiry, tag } = this.rules;
    let count = 0;
    for (const [rowKey, warm] of draft.state.tables) {
      if (tagOf(rowKey) !== tag) continue;
      const base = this.baseOf(this.bucketOfRowKey(rowKey));
      visitRows({ changed: null, warm }, (keyId, entries) => {
        const watermarkMs = watermarks.of(draft.keys.keyGroupOf(keyId));
        for (let at = 0; at < entries.length; at += stride) {
          const place = base + (entries[at + ENTRY.place] as number);
          if (expiry === null || !isExpired(expiry, place, watermarkMs)) count += 1;
        }
      });
    }
    return count;
  }

  private write(table: DraftTable, keyId: number, entries: Entries): void {
    const slot = table.touch(keyId);
    table.rows.setValue(0, slot, entries);
  }

  /**
   * The first chunk of a key that is not full, when the first of all is. Those before it are full, so
   * that it is found by halves.
   */
  private chunkWithRoom(bucket: number, keyId: number): number {
    const isFull = (chunk: number) => {
      const entries = this.entriesAt(bucket, chunk, keyId);
      return entries !== null && this.goesOn(entries, chunk);
    };
    let [full, open] = [0, 1];
    while (isFull(open)) [full, open] = [open, Math.min(open * 2, this.lastChunk)];
    while (open - full > 1) {
      const middle = Math.floor((full + open) / 2);
      if (isFull(middle)) full = middle;
      else open = middle;
    }
    return open;
  }

  private dueBuckets(previous: GroupWatermarks, current: GroupWatermarks): number[] {
    const { expiry, widthMs } = this.rules;
    const untilMs = current.greatestMs - expiry!.behindMs;
    const afterMs = previous.leastMs - expiry!.behindMs;
    return this.buckets().filter((bucket) => {
      const base = this.baseOf(bucket);
      return base <= untilMs && base + widthMs! >= afterMs;
    });
  }

  /** Ids by key group and key. */
  private inOrder(lists: ReadonlyMap<number, unknown>): number[] {
    const { draft } = this;
    const rows = draft.state.newTable();
    for (const keyId of lists.keys()) rows.append(keyId);
    const ordered = Array.from(slotsByKey(rows, draft.keys), (slot) => rows.keyIds[slot]!);
    draft.state.recycle(rows);
    return ordered;
  }

  private handleOf(bucket: number): Handle {
    const handle = this.handles[bucket & (HANDLES - 1)]!;
    if (handle.bucket !== bucket) {
      const { changed, warm } = this.tablesAt(bucket, 0);
      handle.bucket = bucket;
      handle.changed = changed;
      handle.warm = warm;
    }
    return handle;
  }

  private tablesAt(bucket: number, chunk: number): Pick<Handle, 'changed' | 'warm'> {
    const rowKey = this.rowKeyOf(bucket, chunk);
    const { draft } = this;
    return {
      changed: draft.tables.get(rowKey) ?? null,
      warm: draft.state.tables.get(rowKey) ?? null,
    };
  }

  private changedTable(bucket: number, chunk: number): DraftTable {
    if (chunk > 0) return this.draft.table(this.rowKeyOf(bucket, chunk));
    const handle = this.handleOf(bucket);
    if (handle.changed === null) {
      handle.changed = this.draft.table(this.rowKeyOf(bucket, 0));
      if (handle.warm === null) this.learn(bucket);
    }
    return handle.changed;
  }

  private learn(bucket: number): void {
    const { known } = this;
    if (known === null || known.includes(bucket)) return;
    known.push(bucket);
    known.sort((left, right) => left - right);
  }

  private entriesOf({ changed, warm }: Pick<Handle, 'changed' | 'warm'>, keyId: number) {
    if (changed !== null) {
      const slot = changed.rows.find(keyId);
      if (slot >= 0) return changed.rows.getValue(0, slot) as Entries;
    }
    if (warm === null) return null;
    const slot = warm.find(keyId);
    return slot < 0 ? null : (warm.getValue(0, slot) as Entries);
  }

  private rowKeyOf(bucket: number, chunk: number): number {
    const { tag, widthMs } = this.rules;
    return (widthMs === null ? chunk : bucket * CHUNKS_PER_BUCKET + chunk) * 2 + tag;
  }

  private bucketOfRowKey(rowKey: number): number {
    return this.rules.widthMs === null ? 0 : Math.floor(rowKey / (2 * CHUNKS_PER_BUCKET));
  }

  /** Row keys of this side that have rows, ascending. */
  private rowKeys(): number[] {
    return this.draft.rowKeys().filter((rowKey) => tagOf(rowKey) === this.rules.tag);
  }
}

const tagOf = (rowKey: number) => Math.abs(rowKey % 2);

/** Visits the lists of a row key, changed and warm, in no certain order. */
function visitRows(
  { changed, warm }: Pick<Handle, 'changed' | 'warm'>,
  visit: (keyId: number, entries: Entries) => void,
): void {
  const rows = changed?.rows;
  for (let slot = 0; slot < (rows?.count ?? 0); slot += 1) {
    visit(rows!.keyIds[slot]!, rows!.getValue(0, slot) as Entries);
  }
  for (let slot = 0; slot < (warm?.count ?? 0); slot += 1) {
    const keyId = warm!.keyIds[slot]!;
    if (rows === undefined || rows.find(keyId) < 0) {
      visit(keyId, warm!.getValue(0, slot) as Entries);
    }
  }
}
