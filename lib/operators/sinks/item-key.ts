// The key attributes of a table row: `pk` from its key fields, `sk` from its window. Both are
// injective and, but for keys that do not fit, reversible:
//
//   text                      the text of one key field, as it is
//   ~s + text                 the same where it is empty or begins with `~`
//   ~j + JSON                 one number, boolean or null; an array of the values of several fields
//   ~h + head + SHA-256       what would be longer than the attribute may be: its first bytes and
//                             the digest, 64 hex digits, of the form above; the values themselves
//                             are in the row's readable attributes
//
// DynamoDB compares key attributes byte by byte, so composed and decomposed accents stay two keys.
// It refuses empty ones, and more than 2,048 bytes in `pk` and 1,024 in `sk` ("Constraints").

import { EngineError } from '../../model/errors.ts';
import { sha256Hex } from '../../state/digest.ts';
import { isWellFormed } from './text.ts';

/** Values that key fields may have. */
export type KeyValue = string | number | boolean | null;

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** What the key attributes of an item say. */
export type DecodedItemKey = {
  /** `null` for a row without a window. */
  readonly windowStart: string | null;
} & (
  | { readonly kind: 'values'; readonly values: readonly KeyValue[] }
  /** The key was too long: `head` is how its encoded form begins. */
  | { readonly kind: 'digest'; readonly head: string; readonly sha256: string }
);

const PK_BYTES_MAX = 2_048;
const SK_BYTES_MAX = 1_024;

const MARK = '~';
const NO_WINDOW = '-';
const SHA256_HEX_LENGTH = 64;
const SHA256_HEX = /^[0-9a-f]{64}$/;
/** Enough of a long key to recognise it by. */
const HEAD_BYTE_LENGTH = 256;
/** A UTF-16 unit is at most three bytes of UTF-8, so shorter text need not be measured. */
const UTF8_BYTES_PER_UNIT = 3;

/** The `pk` of key values, in the order of the key's fields; `null` when one of them is no key. */
export function encodePk(values: readonly unknown[]): string | null {
  if (values.length !== 1) {
    return values.every(isKeyValue)
      ? fitted(`${MARK}j${JSON.stringify(values)}`, PK_BYTES_MAX)
      : null;
  }
  const [value] = values;
  if (!isKeyValue(value)) return null;
  if (typeof value !== 'string') return `${MARK}j${JSON.stringify(value)}`;
  return fitted(textForm(value), PK_BYTES_MAX);
}

/** The `sk` of a window's start; `null` without a window. */
export function encodeSk(windowStart: string | null): string {
  if (windowStart === null) return NO_WINDOW;
  return fitted(
    windowStart === NO_WINDOW ? `${MARK}s${NO_WINDOW}` : textForm(windowStart),
    SK_BYTES_MAX,
  );
}

/**
 * Reads the key attributes of an item that this engine wrote.
 *
 * @throws EngineError `data`, code `item-key-invalid`, for a key that it did not write.
 */
export function decodeItemKey({ pk, sk }: ItemKey): DecodedItemKey {
  const windowStart = sk === NO_WINDOW ? null : textOf(sk);
  switch (pk.slice(0, 2)) {
    case `${MARK}h`: {
      const sha256 = pk.slice(2).slice(-SHA256_HEX_LENGTH);
      if (!SHA256_HEX.test(sha256)) throw notOurs();
      return { kind: 'digest', head: pk.slice(2, -SHA256_HEX_LENGTH), sha256, windowStart };
    }
    case `${MARK}j`: {
      const value = parseJson(pk.slice(2));
      const values: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (!values.every(isKeyValue)) throw notOurs();
      return { kind: 'values', values, windowStart };
    }
    default:
      return { kind: 'values', values: [textOf(pk)], windowStart };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notOurs();
  }
}

const notOurs = () =>
  new EngineError('data', 'the key attributes of an item are not of the form that is written', {
    code: 'item-key-invalid',
  });

function isKeyValue(value: unknown): value is KeyValue {
  if (typeof value === 'string') return isWellFormed(value);
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'boolean' || value === null;
}

const textForm = (text: string) =>
  text === '' || text.startsWith(MARK) ? `${MARK}s${text}` : text;

const textOf = (form: string) => (form.startsWith(`${MARK}s`) ? form.slice(2) : form);

function fitted(form: string, bytesMax: number): string {
  if (form.length * UTF8_BYTES_PER_UNIT <= bytesMax) return form;
  const bytes = Buffer.from(form, 'utf8');
  if (bytes.byteLength <= bytesMax) return form;
  let headEnd = HEAD_BYTE_LENGTH;
  // A head that ended inside of a character would not be text.
  while ((bytes[headEnd]! & 0xc0) === 0x80) headEnd -= 1;
  return `${MARK}h${bytes.toString('utf8', 0, headEnd)}${sha256Hex(bytes)}`;
}
