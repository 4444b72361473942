// Sizes as "DynamoDB item sizes and formats" of the developer guide states them: UTF-8 bytes of
// names and texts, raw bytes, numbers by their digits, three bytes for a list or map and one more
// for each of its elements.

import type { Item, Value } from './attribute-value.ts';
import { significantDigits } from './number.ts';

/** "Item size" of the service quotas: 400 KB, attribute names included. */
export const ITEM_BYTES_MAX = 400 * 1024;

const DOCUMENT_BYTES = 3;
const ELEMENT_BYTES = 1;

/** Stored size of an item in bytes, names included. */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const [name, value] of item) bytes += Buffer.byteLength(name) + valueBytes(value);
  return bytes;
}

/** Stored size of a value in bytes, without a name. */
function valueBytes(value: Value): number {
  switch (value.kind) {
    case 'S':
      return Buffer.byteLength(value.text);
    case 'N':
      return numberBytes(value.text);
    case 'B':
      return value.bytes.byteLength;
    case 'NULL':
    case 'BOOL':
      return 1;
    case 'SS':
      return value.members.reduce((bytes, member) => bytes + Buffer.byteLength(member), 0);
    case 'NS':
      return value.members.reduce((bytes, member) => bytes + numberBytes(member), 0);
    case 'BS':
      return value.members.reduce((bytes, member) => bytes + member.byteLength, 0);
    case 'L':
      return value.elements.reduce(
        (bytes, element) => bytes + ELEMENT_BYTES + valueBytes(element),
        DOCUMENT_BYTES,
      );
    case 'M':
      return DOCUMENT_BYTES + value.entries.size * ELEMENT_BYTES + itemBytes(value.entries);
  }
}

/** One byte for each two significant digits, and one more. */
function numberBytes(canonical: string): number {
  return Math.ceil(significantDigits(canonical) / 2) + 1;
}
