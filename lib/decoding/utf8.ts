/** Refuses invalid bytes, and keeps a byte order mark instead of swallowing it. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of the UTF-8 between `start` and `end`; `null` when it is not valid UTF-8. */
export function utf8TextOf(bytes: Buffer, start: number, end: number): string | null {
  const text = bytes.toString('utf8', start, end);
  // The lenient decoder is several times faster, and what it replaces shows as U+FFFD.
  return text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end)) ? null : text;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
