// A short digest of what a request holds, for its line in a trace: two runs that send other bytes have
// other traces. A running hash of 32 bits is enough for that, and costs a run next to nothing.

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** Eight hex digits; equal inputs give equal ones. */
export const digestOfInput = (input: object): string =>
  (valueInto(BASIS, input) >>> 0).toString(16).padStart(8, '0');

function valueInto(hash: number, value: unknown): number {
  if (value instanceof Uint8Array) return bytesInto(hash, value);
  if (typeof value !== 'object' || value === null) {
    return textInto(hash, `${typeof value} ${String(value)}`);
  }
  let sum = textInto(hash, Array.isArray(value) ? '[' : '{');
  for (const [name, part] of Object.entries(value)) sum = valueInto(textInto(sum, name), part);
  return textInto(sum, '}');
}

function bytesInto(hash: number, bytes: Uint8Array): number {
  let sum = hash ^ bytes.length;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, PRIME);
  return sum;
}

/** The length stands in front, so that texts beside each other cannot shift. */
function textInto(hash: number, text: string): number {
  let sum = Math.imul(hash ^ text.length, PRIME);
  for (let index = 0; index < text.length; index += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(index), PRIME);
  }
  return sum;
}
