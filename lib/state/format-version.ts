// Versions of the stored forms of keyed state. The first byte of every delta and segment is its
// version; a reader that does not know it stops, because to guess would be to lose state. Old
// versions stay readable; each has a golden file under test/unit/state/golden.

import { type ByteReader, brokenBytes } from './codec.ts';

/** First byte of a delta: 2 since rows can be removed one by one. */
export const DELTA_FORMAT_VERSION = 2;
/** Deltas that end a table with its rows. */
export const DELTA_FORMAT_WITHOUT_REMOVALS = 1;
/** First byte of a snapshot segment; the high bit keeps a segment from being read as a delta. */
export const SEGMENT_FORMAT_VERSION = 0x81;

/** Reads the version byte and throws `data` unless it is one of `known`. */
export function readFormatVersion(reader: ByteReader, ...known: readonly number[]): number {
  const version = reader.byte();
  if (known.includes(version)) return version;
  throw brokenBytes(`format version ${version} is not ${known[0]}; a newer version wrote it`);
}
