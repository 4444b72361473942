// Events out of a slab in which `,` and a line feed lie after each entry, so that neighbours are a
// JSON array as they lie, but for the brackets around. Parsing a run of entries in one go saves a
// seventh of the time, if it can be proved that no entry reaches over its border. It can:
//
// Let n entries begin with `{` and hold no `[`, and let `[e1,⏎ e2,⏎ … en]` be valid JSON with n
// elements. No comma of a divider is inside a string, where a raw line feed cannot be. In an object
// a comma is followed by a name, but this one is followed by `{`: so it is in an array, and the
// only array is the outer one. Hence each entry is one or more whole elements: as there are n, one.

import type { Reject } from './decoded-batch.ts';
import { parseEvent, parseJson, REJECTS } from './json-event.ts';
import { TRAITS, traitsOf } from './traits.ts';
import { utf8TextOf } from './utf8.ts';

/** What lies after each entry of a slab. */
export const DIVIDER = { first: 0x2c, second: 0x0a, byteLength: 2 } as const;

/** How many entries are parsed in one go: few enough for their events to die young. */
const RUN_ENTRIES_MAX = 64;
/** After a run that is no JSON so many entries are parsed alone, and twice as many the next time. */
const PAUSE_ENTRIES_MIN = 64;
const PAUSE_ENTRIES_MAX = 4_096;
/** Entries with any of these are parsed alone. */
const ALONE = ~TRAITS.nonAscii;

/** Parses entries on demand, ahead of a caller who takes them one after the other. */
export class SlabEvents {
  private readonly slab: Buffer;
  /** The slab as text of one character a byte: places agree, and a part of it is not copied. */
  private readonly latin1: string;
  private readonly starts: Uint32Array;
  private readonly ends: Uint32Array;
  private readonly traits: Uint8Array;
  private readonly rejects: Map<number, Reject>;
  /** Events of the entries from `runStart` on; each is handed out once, so that none is shared. */
  private run: unknown[] = [];
  private runStart = 0;
  private expectedIndex = 0;
  private pausedUntil = 0;
  private pauseEntries = PAUSE_ENTRIES_MIN;

  /** `malformed`: entries that were set aside before parsing. */
  constructor(
    slab: Buffer,
    { starts, ends }: { readonly starts: Uint32Array; readonly ends: Uint32Array },
    malformed: ReadonlyMap<number, Reject>,
  ) {
    this.slab = slab;
    this.latin1 = slab.toString('latin1');
    this.starts = starts;
    this.ends = ends;
    this.traits = traitsOf({ slab, latin1: this.latin1 }, { starts, ends });
    this.rejects = new Map(malformed);
    for (const index of malformed.keys()) this.traits[index]! |= TRAITS.malformed;
  }

  /** A fresh value at each call; `undefined` for a reject. */
  event(index: number): unknown {
    const isNext = index === this.expectedIndex;
    this.expectedIndex = index + 1;
    let place = index - this.runStart;
    if (place >= this.run.length && isNext && this.parseRun(index)) place = 0;
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

  /** Parses the entries from `from` on that can be parsed together; `false` when there are none. */
  private parseRun(from: number): boolean {
    if (from < this.pausedUntil) return false;
    const { traits } = this;
    const last = Math.min(from + RUN_ENTRIES_MAX, traits.length);
    let seen = 0;
    let to = from;
    while (to < last && (traits[to]! & ALONE) === 0) {
      seen |= traits[to]!;
      to += 1;
    }
    if (to - from < 2) return false;
    const text = this.textOf(this.starts[from]!, this.ends[to - 1]!, seen);
    const run = text === null ? undefined : parseJson(`[${text}]`);
    if (!Array.isArray(run) || run.length !== to - from) {
      this.pausedUntil = from + this.pauseEntries;
      this.pauseEntries = Math.min(this.pauseEntries * 2, PAUSE_ENTRIES_MAX);
      return false;
    }
    this.run = run;
    this.runStart = from;
    this.pauseEntries = PAUSE_ENTRIES_MIN;
    return true;
  }

  private parseAlone(index: number): unknown {
    const traits = this.traits[index]!;
    if ((traits & TRAITS.malformed) !== 0) return undefined;
    const text = this.textOf(this.starts[index]!, this.ends[index]!, traits);
    if (traits === 0 && text !== null) {
      const event = parseJson(text);
      if (event === undefined) this.rejects.set(index, REJECTS['not-json']);
      return event;
    }
    const parsed = parseEvent(text, traits);
    if (parsed.kind === 'event') return parsed.event;
    this.rejects.set(index, parsed.reject);
    return undefined;
  }

  private textOf(start: number, end: number, traits: number): string | null {
    return (traits & TRAITS.nonAscii) === 0
      ? this.latin1.substring(start, end)
      : utf8TextOf(this.slab, start, end);
  }
}
