/** One field of a protobuf message: a varint's value, or the range of a length-delimited one's bytes. */
export type ProtobufField =
  | { readonly kind: 'varint'; readonly number: number; readonly value: number }
  | {
      readonly kind: 'bytes';
      readonly number: number;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'fixed'; readonly number: number };

/** A part of the bytes in which a message lies. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Visits the fields of the message in `range` in the order in which they were written. Returns
 * `false` when the bytes are no protobuf message or `visit` refuses a field; never reads outside
 * of the range, whatever lengths the bytes claim. Varints above 2^53 lose their low digits.
 */
export function visitFields(
  bytes: Uint8Array,
  range: ByteRange,
  visit: (field: ProtobufField) => boolean,
): boolean {
  const cursor = { position: range.start, end: range.end };
  while (cursor.position < cursor.end) {
    const field = readField(bytes, cursor);
    if (field === null || !visit(field)) return false;
  }
  return true;
}

interface Cursor {
  position: number;
  readonly end: number;
}

/** 2^29 - 1, the highest field number of the format. */
const FIELD_NUMBER_MAX = 536_870_911;

function readField(bytes: Uint8Array, cursor: Cursor): ProtobufField | null {
  const tag = readVarint(bytes, cursor);
  const number = Math.floor(tag / 8);
  if (number < 1 || number > FIELD_NUMBER_MAX) return null;
  switch (tag % 8) {
    case 0: {
      const value = readVarint(bytes, cursor);
      return value < 0 ? null : { kind: 'varint', number, value };
    }
    case 1:
      return skip(cursor, 8) ? { kind: 'fixed', number } : null;
    case 2: {
      const byteLength = readVarint(bytes, cursor);
      const start = cursor.position;
      if (byteLength < 0 || !skip(cursor, byteLength)) return null;
      return { kind: 'bytes', number, start, end: cursor.position };
    }
    case 5:
      return skip(cursor, 4) ? { kind: 'fixed', number } : null;
    default:
      return null;
  }
}

function skip(cursor: Cursor, byteLength: number): boolean {
  if (byteLength > cursor.end - cursor.position) return false;
  cursor.position += byteLength;
  return true;
}

/** Ten bytes hold 64 bits; a negative number is written as one above 2^63, so it stays positive here. */
const VARINT_BYTES_MAX = 10;

/** The number at the cursor, or -1 when it is cut short or longer than a varint may be. */
function readVarint(bytes: Uint8Array, cursor: Cursor): number {
  let value = 0;
  let factor = 1;
  for (let count = 0; count < VARINT_BYTES_MAX && cursor.position < cursor.end; count += 1) {
    const byte = bytes[cursor.position]!;
    cursor.position += 1;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
    factor *= 128;
  }
  return -1;
}
