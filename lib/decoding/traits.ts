import { JSON_DEPTH_MAX } from '../model/limits.ts';

/** What the bytes of an entry make necessary. Without any it seems to be a plain object. */
export const TRAITS = {
  /** Its text has to be decoded from UTF-8, which may be invalid. */
  nonAscii: 1,
  /** It has more opening brackets, in strings or not, than the nesting allowed. */
  mayBeDeep: 2,
  /** It holds `\\u`, so perhaps half of a surrogate pair. */
  escapes: 4,
  /** It does not begin with a brace, or it holds a square bracket. */
  notOnlyObjects: 8,
  empty: 16,
  /** It was set aside before parsing. */
  malformed: 32,
} as const;

/** The shortest text that is one level too deep: `[[…]]`. */
const DEEP_ARRAYS_BYTE_LENGTH = 2 * (JSON_DEPTH_MAX + 1);
/** The same without any array: `{"":{"":…{}…}}`. */
const DEEP_OBJECTS_BYTE_LENGTH = 5 * JSON_DEPTH_MAX + 2;

const OPEN_BRACE = 0x7b;

/**
 * The traits of entries, each given by its range in the slab; `latin1` is the slab as text of one
 * character a byte. One pass with searches that cross entries, so that a batch of plain records
 * costs three searches and not three for each record.
 */
export function traitsOf(
  { slab, latin1 }: { readonly slab: Uint8Array; readonly latin1: string },
  { starts, ends }: { readonly starts: Uint32Array; readonly ends: Uint32Array },
): Uint8Array {
  const traits = new Uint8Array(ends.length);
  const nonAscii = new Finder((from) => indexOfNonAscii(slab, from));
  const square = new Finder((from) => latin1.indexOf('[', from));
  const brace = new Finder((from) => latin1.indexOf('{', from));
  const unicode = new Finder((from) => latin1.indexOf('\\u', from));
  for (let index = 0; index < ends.length; index += 1) {
    const start = starts[index]!;
    const end = ends[index]!;
    const hasSquare = square.from(start) < end;
    const shortest = hasSquare ? DEEP_ARRAYS_BYTE_LENGTH : DEEP_OBJECTS_BYTE_LENGTH;
    let bits = start === end ? TRAITS.empty : 0;
    if (hasSquare || slab[start] !== OPEN_BRACE) bits |= TRAITS.notOnlyObjects;
    if (nonAscii.from(start) < end) bits |= TRAITS.nonAscii;
    if (unicode.from(start) < end) bits |= TRAITS.escapes;
    if (
      end - start >= shortest &&
      brace.count(start, end) + square.count(start, end) > JSON_DEPTH_MAX
    )
      bits |= TRAITS.mayBeDeep;
    traits[index] = bits;
  }
  return traits;
}

/** Remembers the next place of something, so that asking along the slab searches it once. */
class Finder {
  private readonly search: (from: number) => number;
  private at = -1;

  constructor(search: (from: number) => number) {
    this.search = search;
  }

  /** The next place from `start` on, which never decreases; `Infinity` when there is none. */
  from(start: number): number {
    if (this.at < start) {
      const found = this.search(start);
      this.at = found < 0 ? Infinity : found;
    }
    return this.at;
  }

  /** How many places there are between `start` and `end`. */
  count(start: number, end: number): number {
    let count = 0;
    for (let at = this.from(start); at < end; at = this.from(at + 1)) count += 1;
    return count;
  }
}

/** Place of the first byte from `from` on that is no ASCII, or -1; looks at 16 bytes at once. */
function indexOfNonAscii(slab: Uint8Array, from: number): number {
  const words = new Int32Array(slab.buffer, slab.byteOffset, slab.byteLength >> 2);
  let index = from;
  while ((index & 3) !== 0 && index < slab.byteLength && slab[index]! < 0x80) index += 1;
  if ((index & 3) === 0) {
    let word = index >> 2;
    const last = words.length - 4;
    while (
      word <= last &&
      ((words[word]! | words[word + 1]! | words[word + 2]! | words[word + 3]!) & 0x80808080) === 0
    ) {
      word += 4;
    }
    index = word << 2;
  }
  while (index < slab.byteLength && slab[index]! < 0x80) index += 1;
  return index < slab.byteLength ? index : -1;
}
