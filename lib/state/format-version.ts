// Versions of the stored forms of keyed state. The first byte of every delta and segment is its
// version; a reader that does not know it stops, because to guess would be to lose state. Old
// versions stay readable; each has a golden file under test/unit/state/golden.

import { type ByteReader, brokenBytes } from './codec.ts';

/** First byte of a delta. */
export const DELTA_FORMAT_VERSION = 1;
/** First byte of a snapshot segment; the high bit keeps a segment from being read as a delta. */
export const SEGMENT_FORMAT_VERSION = 0x81;

/** Reads the version byte and throws `data` unless it is `known`. */
export function assertFormatVersion(reader: ByteReader, known: number): void {
  const version = reader.byte();
  if (version !== known) {
    throw brokenBytes(`format version ${version} is not ${known}; a newer version wrote it`);
  }
}
