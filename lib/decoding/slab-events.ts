// Events out of a slab in which `,` and a line feed lie after each entry, so that neighbours are a
// JSON array as they lie, but for the brackets around. Parsing a run of entries in one go saves a
// fifth of the time, if it can be proved that no entry reaches over its border. It can:
//
// Let n entries begin with `{` and hold no `[`, and let `[e1,⏎ e2,⏎ … en]` be valid JSON with n
// elements. No comma of a divider is inside a string, where a raw line feed cannot be. In an object
// a comma is followed by a name, but this one is followed by `{`: so it is in an array, and the
// only array is the outer one. Hence each entry is one or more whole elements: as there are n, one.

import { JSON_DEPTH_MAX } from '../model/limits.ts';
import type { Reject } from './decoded-batch.ts';
import {
  DEEP_OBJECTS_LENGTH,
  escapesSurrogate,
  isTooDeep,
  parseEvent,
  parseJson,
} from './json-event.ts';
import { utf8TextOf } from './utf8.ts';

/** What lies after each entry of a slab. */
export const DIVIDER = { first: 0x2c, second: 0x0a, byteLength: 2 } as const;
/** Bytes before the first entry: a run needs room for its opening bracket. */
export const SLAB_HEAD_BYTE_LENGTH = 1;

/** A run is short enough for its text to stay in the processor's caches and its events to die young. */
const RUN_ENTRIES_MAX = 64;
const RUN_BYTES_MAX = 64 * 1_024;
/** After a run that is no JSON so many entries are parsed alone, and twice as many the next time. */
const PAUSE_ENTRIES_MIN = 64;
const PAUSE_ENTRIES_MAX = 4_096;

const OPEN_BRACE = 0x7b;
const OPEN_SQUARE = 0x5b;
const CLOSE_SQUARE = 0x5d;

/** Where entries begin and end in their slab. */
interface EntryBounds {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Parses entries on demand, ahead of a caller who takes them one after the other. */
export class SlabEvents {
  private readonly slab: Buffer;
  private readonly starts: Uint32Array;
  private readonly ends: Uint32Array;
  private readonly malformed: ReadonlyMap<number, Reject>;
  private readonly rejects: Map<number, Reject>;
  /** Events of the entries from `runStart` on; each is handed out once, so that none is shared. */
  private run: unknown[] = [];
  private runStart = 0;
  /** Text of the latest run that was ASCII, also if its entries had to be parsed alone. */
  private ascii = { text: '', from: 0, to: 0 };
  private expectedIndex = 0;
  private aloneUntil = 0;
  private pauseEntries = PAUSE_ENTRIES_MIN;

  /** `malformed`: entries that were set aside before parsing. */
  constructor(slab: Buffer, bounds: EntryBounds, malformed: ReadonlyMap<number, Reject>) {
    this.slab = slab;
    this.starts = bounds.starts;
    this.ends = bounds.ends;
    this.malformed = malformed;
    this.rejects = new Map(malformed);
  }

  /** A fresh value at each call; `undefined` for a reject. */
  event(index: number): unknown {
    const isNext = index === this.expectedIndex;
    this.expectedIndex = index + 1;
    if (isNext && index >= this.aloneUntil && index >= this.runStart + this.run.length) {
      this.parseRun(index);
    }
    const place = index - this.runStart;
    if (place >= 0 && place < this.run.length) {
      const event = this.run[place];
      this.run[place] = undefined;
      if (event !== undefined) return event;
    }
    return this.parseAlone(index);
  }

  /** `null` for an event. */
  rejectOf(index: number): Reject | null {
    if (!this.rejects.has(index)) this.parseAlone(index);
    return this.rejects.get(index) ?? null;
  }

  private parseAlone(index: number): unknown {
    if (this.malformed.has(index)) return undefined;
    const parsed = parseEvent(this.textOf(index));
    if (parsed.kind === 'event') return parsed.event;
    this.rejects.set(index, parsed.reject);
    return undefined;
  }

  private textOf(index: number): string | null {
    const start = this.starts[index]!;
    const end = this.ends[index]!;
    const { text, from, to } = this.ascii;
    if (index < from || index >= to) return utf8TextOf(this.slab, start, end);
    const base = this.starts[from]! - 1;
    return text.substring(start - base, end - base);
  }

  /** Parses the entries from `from` on in one go, or leaves them to be parsed alone. */
  private parseRun(from: number): void {
    const to = this.endOfRun(from);
    this.aloneUntil = to;
    if (to - from < 2) return;
    const text = this.arrayText(from, to);
    const byteLength = this.ends[to - 1]! - this.starts[from]! + 2;
    // Text as long as its bytes is ASCII, or has a replaced byte: then places agree.
    if (text.length === byteLength && !text.includes('\ufffd')) this.ascii = { text, from, to };
    if (!isProvable(text) || this.isDeep(from, to)) return;
    const events = parseJson(text);
    if (Array.isArray(events) && events.length === to - from) {
      this.run = events;
      this.runStart = from;
      this.pauseEntries = PAUSE_ENTRIES_MIN;
      return;
    }
    this.aloneUntil = from + this.pauseEntries;
    this.pauseEntries = Math.min(this.pauseEntries * 2, PAUSE_ENTRIES_MAX);
  }

  /** One past the last entry that can be in one run with `from`; at least `from + 1`. */
  private endOfRun(from: number): number {
    const { slab, starts, ends } = this;
    const last = Math.min(from + RUN_ENTRIES_MAX, ends.length);
    const bytesEnd = starts[from]! + RUN_BYTES_MAX;
    let to = from;
    while (to < last && slab[starts[to]!] === OPEN_BRACE && ends[to]! <= bytesEnd) to += 1;
    return Math.max(to, from + 1);
  }

  /** The entries as they lie, with brackets for a moment in the place of what lies around them. */
  private arrayText(from: number, to: number): string {
    const { slab } = this;
    const before = this.starts[from]! - 1;
    const after = this.ends[to - 1]!;
    slab[before] = OPEN_SQUARE;
    slab[after] = CLOSE_SQUARE;
    const text = slab.toString('utf8', before, after + 1);
    slab[before] = DIVIDER.second;
    slab[after] = DIVIDER.first;
    return text;
  }

  /** Whether an entry of a run is too deep: only a long one with many braces can be. */
  private isDeep(from: number, to: number): boolean {
    const { slab, starts, ends } = this;
    let longest = 0;
    for (let index = from; index < to; index += 1) {
      longest = Math.max(longest, ends[index]! - starts[index]!);
    }
    if (longest < DEEP_OBJECTS_LENGTH) return false;
    const isAscii = this.ascii.from === from && this.ascii.to === to;
    const base = starts[from]! - 1;
    const bytes = isAscii ? this.ascii.text : slab.toString('latin1', base, ends[to - 1]!);
    let brace = 1;
    for (let index = from; index < to; index += 1) {
      const end = ends[index]! - base;
      let count = 0;
      for (; brace >= 0 && brace < end; brace = bytes.indexOf('{', brace + 1)) count += 1;
      if (count > JSON_DEPTH_MAX && isTooDeep(bytes.slice(starts[index]! - base, end))) return true;
    }
    return false;
  }
}

/**
 * Whether a run's text leaves nothing to be looked at but its JSON: no inner array, no bytes that
 * were replaced for not being UTF-8, no escape that could be half of a surrogate pair.
 */
function isProvable(text: string): boolean {
  return text.indexOf('[', 1) < 0 && !text.includes('\ufffd') && !escapesSurrogate(text);
}
