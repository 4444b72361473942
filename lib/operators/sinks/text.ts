/** With the `u` flag a pair of surrogates is one character, so that only half of one matches. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether text has UTF-8 bytes: half of a surrogate pair has none, and would be replaced. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** Rows in final encoding as bytes, one line each; every line ends with a line feed. */
export function encodeLines(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`, 'utf8');
}
