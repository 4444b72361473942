/** Why no sink of its kind could store a row; the codes are stable, they stand in dead letters. */
export interface Unstorable {
  readonly reason: 'not-storable' | 'row-too-large';
  /** A sentence that names fields, never values. */
  readonly detail: string;
}

/** An encoder's answer: the row in final encoding, or why there is none. */
export type EncodedRow = string | Unstorable;

/** Longest field name in a sentence: enough to recognise it. */
const NAME_LENGTH_MAX = 64;

/** The row, or a field of it, holds what cannot be written so that it reads back. */
export function notStorable(field: string | null, what: string): Unstorable {
  const where =
    field === null ? 'the row' : `field ${JSON.stringify(field.slice(0, NAME_LENGTH_MAX))}`;
  return { reason: 'not-storable', detail: `${where} ${what}` };
}

/** The row is larger than `bytesMax` bytes. */
export function rowTooLarge(bytesMax: number, limit: string): Unstorable {
  return { reason: 'row-too-large', detail: `the row is larger than ${bytesMax} bytes, ${limit}` };
}

/**
 * Runs an encoder over a row of user code: a getter or proxy in it that throws makes the row one
 * that cannot be stored, not the batch one that cannot be finished.
 */
export function encodeSafely(encode: () => EncodedRow): EncodedRow {
  try {
    return encode();
  } catch {
    return notStorable(null, 'threw an error when it was read');
  }
}
