import { ITEM_BYTES_MAX } from '../../model/limits.ts';
import { AttributeText, type Counting } from './attribute-text.ts';
import { encodePk, encodeSk, type ItemKey } from './item-key.ts';
import { isWellFormed } from './text.ts';
import {
  type EncodedRow,
  encodeSafely,
  notStorable,
  rowTooLarge,
  type Unstorable,
} from './unstorable.ts';

/** How a table identifies its items. */
export interface TableKey {
  /** Key fields, in the order of the key. */
  readonly keyFields: readonly string[];
  /** Whether the field `windowStart` is part of an item's key. */
  readonly windowed: boolean;
}

/** Encodes result rows for a table: each is one line, a JSON `ItemChange`, without a line feed. */
export interface TableRows {
  /** Puts the row under its key, all of its fields as readable attributes. */
  encodePut(row: Readonly<Record<string, unknown>>): EncodedRow;
}

/**
 * Kept free of the 400 KB for what the publisher adds: `_log`, `_incarnation` and `_n`, in which
 * the longest names of pipeline, source and stream take about 700 bytes.
 */
const FENCE_BYTES_MAX = 1_024;
const ROW_BYTES_MAX = ITEM_BYTES_MAX - FENCE_BYTES_MAX;

/** Attributes of the engine: fields of a row cannot have these names, nor begin with `_`. */
const KEY_ATTRIBUTES = new Set(['pk', 'sk']);

/** An encoder for one sink; make it once, it remembers the fields it has seen. */
export function createTableRows(key: TableKey): TableRows {
  const attributes = new AttributeText();
  const nameTexts = new Map<string, string | null>();

  function write(row: Readonly<Record<string, unknown>>, key: ItemKey, counting: Counting) {
    attributes.begin(counting, ROW_BYTES_MAX);
    let text = `{"put":{"pk":${attributes.attribute('pk', key.pk)}`;
    text += `,"sk":${attributes.attribute('sk', key.sk)}`;
    for (const name of Object.keys(row)) {
      const value = row[name];
      if (value === undefined) continue;
      const nameText = attributeName(nameTexts, name);
      if (nameText === null)
        return notStorable(name, 'has a name that no attribute of a row can have');
      text += nameText + attributes.attribute(name, value);
      if (attributes.refusal !== null) return attributes.refusal;
    }
    return attributes.byteLength > ROW_BYTES_MAX ? TOO_LARGE : `${text}}}`;
  }

  function put(row: Readonly<Record<string, unknown>>): EncodedRow {
    const itemKey = itemKeyOf(row, key);
    if ('reason' in itemKey) return itemKey;
    const encoded = write(row, itemKey, 'bounded');
    return encoded === TOO_LARGE ? write(row, itemKey, 'exact') : encoded;
  }

  return { encodePut: (row) => encodeSafely(() => put(row)) };
}

const TOO_LARGE = rowTooLarge(ROW_BYTES_MAX, 'which is what a DynamoDB item has room for');

/** The key attributes of a row, or why it has none. */
function itemKeyOf(
  row: Readonly<Record<string, unknown>>,
  { keyFields, windowed }: TableKey,
): ItemKey | Unstorable {
  const pk = encodePk(keyFields.map((field) => ownValue(row, field)));
  if (pk === null) {
    return notStorable(
      null,
      `has no key: ${keyFields.join(', ')} must be text, numbers or booleans`,
    );
  }
  if (!windowed) return { pk, sk: encodeSk(null) };
  const windowStart = ownValue(row, 'windowStart');
  if (typeof windowStart === 'string' && isWellFormed(windowStart)) {
    return { pk, sk: encodeSk(windowStart) };
  }
  return notStorable('windowStart', 'is part of the key and must be text');
}

const ownValue = (row: Readonly<Record<string, unknown>>, field: string) =>
  Object.hasOwn(row, field) ? row[field] : undefined;

/** Rows of one sink have the same few fields; names made of data must not fill the memory. */
const NAME_TEXTS_MAX = 1_000;

/** A name as it stands before its value; `null` when no attribute of a row can have it. */
function attributeName(nameTexts: Map<string, string | null>, name: string): string | null {
  const known = nameTexts.get(name);
  if (known !== undefined) return known;
  const usable =
    name !== '' && !name.startsWith('_') && !KEY_ATTRIBUTES.has(name) && isWellFormed(name);
  const text = usable ? `,${JSON.stringify(name)}:` : null;
  if (nameTexts.size < NAME_TEXTS_MAX) nameTexts.set(name, text);
  return text;
}
