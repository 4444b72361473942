// The operator behind `.aggregate` and `.reduce` over sessions. A row covers the time from its own to
// a gap later, and belongs to one session with all rows of its key whose times touch it, directly or
// through others; so a row may open a session, extend one or join several.
//
// A session is one row of state. Its row key is its ordinal among the sessions of its key, which are
// numbered from 0 without holes, so that looking for them ends at the first that is not there: where
// one is removed the last one takes its place. Its columns are those of the aggregation, then start,
// end, and whether it has changed since it last came out.
//
// Sessions that meet are merged in the order of their starts, and the row that made them meet is
// added last. That is what aggregates by order of arrival go by, too: among rows that came while
// their sessions were apart, the arrival is not kept.

import type { KeyDictionary } from '../state/key-dictionary.ts';
import type { DraftTable, OperatorDraft, StateSchema } from '../state/operator-draft.ts';
import type { RowTable } from '../state/row-table.ts';
import type { Accumulation } from './accumulation.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import type { KeyReader } from './key.ts';
import type { Pass, Push } from './pass.ts';
import { ResultRows } from './result-rows.ts';
import { inOrder } from './session-order.ts';

export interface SessionOperatorOptions {
  readonly uid: string;
  /** Reads the gap of a row in milliseconds; zero, less or nothing finite leaves the row out. */
  readonly gap: number | ((row: unknown) => number);
  readonly key: KeyReader;
  readonly accumulation: Accumulation;
  readonly pass: Pass;
  /** How far its watermark lags behind the one of the log. */
  readonly behindMs: number;
  /** How long a closed session is kept for late rows. */
  readonly allowedLatenessMs: number;
  /** Complete mode keeps every session. */
  readonly complete: boolean;
  /** Takes late rows. */
  readonly late: Push;
}

export class SessionOperator {
  readonly accumulation: Accumulation;
  readonly results: ResultRows;
  readonly allowedLatenessMs: number;
  readonly complete: boolean;
  /** Columns of a session's start, its end, and whether it changed since it last came out. */
  readonly startColumn: number;
  readonly endColumn: number;
  readonly changedColumn: number;
  /** Takes one row; its place in the plan's wiring. */
  readonly push: Push;
  /** This batch's part of the draft. */
  draft!: OperatorDraft;
  private readonly options: SessionOperatorOptions;
  private readonly schema: StateSchema;
  private readonly pass: Pass;
  private readonly key: KeyReader;
  private keys!: KeyDictionary;
  private late!: GroupWatermarks;
  /** The tables of this batch by ordinal; begun when they are needed. */
  private readonly tables: DraftTable[] = [];
  /** Where `locate` has found a session. */
  private foundRows!: RowTable;
  private foundSlot = -1;

  constructor(options: SessionOperatorOptions) {
    const { key, accumulation, gap } = options;
    this.options = options;
    this.pass = options.pass;
    this.key = key;
    this.accumulation = accumulation;
    this.allowedLatenessMs = options.allowedLatenessMs;
    this.complete = options.complete;
    this.results = new ResultRows(key, accumulation, { windowed: true });
    this.startColumn = accumulation.columns.length;
    this.endColumn = this.startColumn + 1;
    this.changedColumn = this.startColumn + 2;
    this.schema = {
      id: `key ${JSON.stringify(key.fields)} sessions: ${accumulation.meaning}, start, end, changed`,
      columns: [
        ...accumulation.columns,
        { kind: 'number', initial: Number.NaN },
        { kind: 'number', initial: Number.NaN },
        { kind: 'number', initial: 1 },
      ],
    };
    this.push =
      typeof gap === 'number'
        ? (row, timeMs) => this.take(row, timeMs, gap)
        : (row, timeMs) => this.take(row, timeMs, gap(row));
  }

  /** Whether a session may stay after it has come out. */
  get keepsEnded(): boolean {
    return this.complete || this.allowedLatenessMs > 0;
  }

  /** Begins a batch. */
  begin(): void {
    const { behindMs, allowedLatenessMs } = this.options;
    this.draft = this.pass.draft.operator(this.options.uid, this.schema);
    this.keys = this.draft.keys;
    this.late = this.pass.previous.behind(behindMs).allowing(allowedLatenessMs);
    this.tables.length = 0;
    while (this.draft.state.tables.has(this.tables.length)) this.begunTable(this.tables.length);
  }

  /** All sessions, changed and warm, that end at a time or before, by start, key group and key. */
  endedBy(watermarks: GroupWatermarks | null): Session[] {
    const sessions: Session[] = [];
    const untilMs = watermarks?.greatestMs ?? Number.POSITIVE_INFINITY;
    for (const [ordinal, { rows, base }] of this.tables.entries()) {
      for (const table of base === null ? [rows] : [rows, base]) {
        const ends = table.columns[this.endColumn] as Float64Array;
        for (let slot = 0; slot < table.count; slot += 1) {
          const endMs = ends[slot]!;
          // First what is cheap: nearly all sessions are open.
          if (endMs > untilMs) continue;
          const keyId = table.keyIds[slot]!;
          const isGone = table === rows ? rows.isRemoved(slot) : rows.find(keyId) >= 0;
          const closedMs = watermarks?.of(this.keys.keyGroupOf(keyId)) ?? untilMs;
          if (isGone || endMs > closedMs) continue;
          const startMs = (table.columns[this.startColumn] as Float64Array)[slot]!;
          sessions.push({ keyId, ordinal, rows: table, slot, startMs, endMs });
        }
      }
    }
    return inOrder(sessions, this.keys);
  }

  /** Removes those of the ended sessions that no row can reach any more. */
  evict(ended: readonly Session[], watermarks: GroupWatermarks): void {
    if (this.complete) return;
    const gone = watermarks.allowing(this.allowedLatenessMs);
    const removed: number[][] = this.tables.map(() => []);
    for (const { keyId, ordinal, endMs } of ended) {
      if (endMs <= gone.of(this.keys.keyGroupOf(keyId))) removed[ordinal]!.push(keyId);
    }
    // Downwards, so that what takes the place of a removed session is one that stays; among equals in
    // the order of the ended, so that the delta has the same bytes in every sandbox.
    for (let ordinal = removed.length - 1; ordinal >= 0; ordinal -= 1) {
      for (const keyId of removed[ordinal]!) this.remove(keyId, ordinal);
    }
  }

  /** Whether a session has changed since it last came out. */
  isChanged({ rows, slot }: Session): boolean {
    return (rows.columns[this.changedColumn] as Float64Array)[slot] === 1;
  }

  /** Whether a session was written in this batch. */
  isWritten({ rows, ordinal }: Session): boolean {
    return rows === this.tables[ordinal]!.rows;
  }

  /** Notes that a session has come out as it is. */
  settle({ keyId, ordinal }: Session): void {
    const table = this.tables[ordinal]!;
    const slot = table.touch(keyId);
    (table.rows.columns[this.changedColumn] as Float64Array)[slot] = 0;
  }

  private take(row: unknown, timeMs: number, gapMs: number): void {
    const keyId = this.key.idOf(row, this.keys);
    this.accumulation.prepare(row);
    if (!(gapMs > 0 && gapMs < Number.POSITIVE_INFINITY)) return;
    const endMs = exact(timeMs + gapMs);
    const lateAt = this.late.of(this.keys.keyGroupOf(keyId));
    if (endMs <= lateAt && !this.isKept(keyId, { startMs: timeMs, endMs }, lateAt)) {
      this.pass.lateRows += 1;
      this.options.late(row, timeMs);
      return;
    }
    // Said before state is touched, so that who catches an error knows whether it was.
    this.pass.reached = true;
    this.add(keyId, timeMs, endMs, row);
  }

  /** Whether a row that is late by itself touches a session that is kept for late rows. */
  private isKept(keyId: number, span: Span, lateAt: number): boolean {
    if (this.allowedLatenessMs === 0) return false;
    return this.touched(keyId, span).some(({ endMs }) => endMs > lateAt);
  }

  private add(keyId: number, startMs: number, endMs: number, row: unknown): void {
    let touched = -1;
    let ordinal = 0;
    for (; this.locate(keyId, ordinal); ordinal += 1) {
      const start = this.foundAt(this.startColumn);
      const end = this.foundAt(this.endColumn);
      if (start > endMs || end < startMs) continue;
      if (touched >= 0) {
        this.join(keyId, { startMs, endMs }, row);
        return;
      }
      touched = ordinal;
      // Sessions do not touch each other, so that what lies within one touches no other.
      if (start <= startMs && endMs <= end) break;
    }
    const table = this.tables[touched < 0 ? ordinal : touched] ?? this.begunTable(ordinal);
    const slot = table.touch(keyId);
    this.cover(table.rows, slot, startMs, endMs);
    this.accumulation.add(table.rows, slot, row);
  }

  /** Stretches a session so that it covers a time; a new one has no bounds yet. */
  private cover({ columns }: RowTable, slot: number, startMs: number, endMs: number): void {
    const starts = columns[this.startColumn] as Float64Array;
    const ends = columns[this.endColumn] as Float64Array;
    if (!(starts[slot]! <= startMs)) starts[slot] = startMs;
    if (!(ends[slot]! >= endMs)) ends[slot] = endMs;
    (columns[this.changedColumn] as Float64Array)[slot] = 1;
  }

  /** Adds a row that makes sessions meet: they become the one that starts first. */
  private join(keyId: number, span: Span, row: unknown): void {
    const [first, ...others] = this.touched(keyId, span).sort(byStart) as [Place, ...Place[]];
    const table = this.tables[first.ordinal]!;
    const slot = table.touch(keyId);
    for (const { ordinal, startMs, endMs } of others) {
      this.locate(keyId, ordinal);
      this.accumulation.merge(table.rows, slot, this.foundRows, this.foundSlot);
      this.cover(table.rows, slot, startMs, endMs);
    }
    this.cover(table.rows, slot, span.startMs, span.endMs);
    this.accumulation.add(table.rows, slot, row);
    // Downwards, so that no ordinal changes before its turn.
    others.sort((left, right) => right.ordinal - left.ordinal);
    for (const { ordinal } of others) this.remove(keyId, ordinal);
  }

  /** The sessions of a key that touch a span. */
  private touched(keyId: number, { startMs, endMs }: Span): Place[] {
    const places: Place[] = [];
    for (let ordinal = 0; this.locate(keyId, ordinal); ordinal += 1) {
      const start = this.foundAt(this.startColumn);
      const end = this.foundAt(this.endColumn);
      if (start <= endMs && end >= startMs) places.push({ ordinal, startMs: start, endMs: end });
    }
    return places;
  }

  /** Removes a session; the last one of its key takes its place. */
  private remove(keyId: number, ordinal: number): void {
    let last = ordinal;
    while (this.locate(keyId, last + 1)) last += 1;
    if (last > ordinal && this.locate(keyId, last)) {
      const { foundRows, foundSlot } = this;
      const { rows, slot } = touchedIn(this.tables[ordinal]!, keyId);
      rows.copyRow(slot, foundRows, foundSlot);
    }
    this.tables[last]!.remove(keyId);
  }

  /** Finds a session of a key; says so in fields, since it runs for each row. */
  private locate(keyId: number, ordinal: number): boolean {
    const table = this.tables[ordinal];
    if (table === undefined) return false;
    const { rows, base } = table;
    const slot = rows.find(keyId);
    if (slot >= 0) {
      if (rows.isRemoved(slot)) return false;
      this.foundRows = rows;
      this.foundSlot = slot;
      return true;
    }
    const baseSlot = base === null ? -1 : base.find(keyId);
    if (baseSlot < 0) return false;
    this.foundRows = base!;
    this.foundSlot = baseSlot;
    return true;
  }

  private foundAt(column: number): number {
    return (this.foundRows.columns[column] as Float64Array)[this.foundSlot]!;
  }

  private begunTable(ordinal: number): DraftTable {
    const table = this.draft.table(ordinal);
    this.tables[ordinal] = table;
    return table;
  }
}

/** A session and where its row lies. */
export interface Session extends Place {
  readonly keyId: number;
  readonly rows: RowTable;
  readonly slot: number;
}

/** What a session covers. */
interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

interface Place extends Span {
  readonly ordinal: number;
}

const byStart = (left: Span, right: Span) => left.startMs - right.startMs;

function touchedIn(table: DraftTable, keyId: number) {
  return { slot: table.touch(keyId), rows: table.rows };
}

/** Times of window rows have microseconds: sums of such are what their own text would read as. */
function exact(ms: number): number {
  return Number.isInteger(ms) ? ms : Math.round(ms * 1_000) / 1_000;
}
