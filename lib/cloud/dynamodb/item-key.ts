// Where an item lies. A table is one ordered map whose keys are texts: a hash of the partition key,
// so that scans meet partitions in no meaningful order, the partition key itself behind its length,
// and the sort key in a form that `<` orders as DynamoDB does. All items of a partition thus lie
// together and in the order of their sort keys.

import { sortableText } from '../utf8-order.ts';
import type { Item, Value } from './attribute-value.ts';
import { bytesKey } from './attribute-value.ts';
import { sortableNumber } from './number.ts';
import { parameterError, validationError } from './refusals.ts';

/** An attribute of the primary key and its type. */
export interface KeyAttribute {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}

/** The primary key of a table. */
export interface KeySchema {
  readonly partition: KeyAttribute;
  readonly sort: KeyAttribute | undefined;
}

/** "Partition key length" and "Sort key length" of the service quotas. */
const PARTITION_KEY_BYTES_MAX = 2048;
const SORT_KEY_BYTES_MAX = 1024;

const MISMATCH = 'The provided key element does not match the schema';

/** The place of an item that is to be stored. */
export function placeOfItem(schema: KeySchema, item: Item): string {
  return placeOf(schema, (attribute) => {
    const value = item.get(attribute.name);
    if (value === undefined) {
      throw parameterError(`Missing the key ${attribute.name} in the item`);
    }
    if (value.kind === attribute.type) return value;
    throw parameterError(
      `Type mismatch for key ${attribute.name} expected: ${attribute.type} actual: ${value.kind}`,
    );
  });
}

/** The place that a request's key names; it must hold the key attributes and nothing else. */
export function placeOfKey(schema: KeySchema, key: Item): string {
  if (key.size !== keyNames(schema).length) throw validationError(MISMATCH);
  return placeOf(schema, (attribute) => {
    const value = key.get(attribute.name);
    if (value?.kind !== attribute.type) throw validationError(MISMATCH);
    return value;
  });
}

/** What the places of all items of a partition begin with, and those of no other. */
export function partitionPrefix(attribute: KeyAttribute, value: Value): string {
  const text = checkedText(attribute, value, 'partition');
  return `${hashPrefix(hashOf(text))}${String.fromCharCode(text.length)}${text}`;
}

/** What follows the partition's prefix in the place of an item with this sort key. */
export function sortSuffix(attribute: KeyAttribute, value: Value): string {
  return checkedText(attribute, value, 'sort');
}

/** What the places begin with whose partition key has this 32-bit hash. */
export function hashPrefix(hash: number): string {
  return String.fromCharCode(hash >>> 16, hash & 0xffff);
}

/** Names of the key attributes, the partition key's first. */
export function keyNames({ partition, sort }: KeySchema): readonly string[] {
  return sort === undefined ? [partition.name] : [partition.name, sort.name];
}

/** The key attributes of a stored item. */
export function keyOf(schema: KeySchema, item: Item): Item {
  return new Map(keyNames(schema).map((name) => [name, item.get(name)!]));
}

function placeOf(schema: KeySchema, pick: (attribute: KeyAttribute) => Value): string {
  const { partition, sort } = schema;
  const prefix = partitionPrefix(partition, pick(partition));
  return sort === undefined ? prefix : prefix + sortSuffix(sort, pick(sort));
}

function checkedText({ name }: KeyAttribute, value: Value, role: 'partition' | 'sort'): string {
  if (value.kind === 'N') return sortableNumber(value.text);
  const [bytes, text] =
    value.kind === 'B'
      ? [value.bytes.byteLength, bytesKey(value.bytes)]
      : value.kind === 'S'
        ? [Buffer.byteLength(value.text), sortableText(value.text)]
        : [0, ''];
  if (bytes === 0) {
    throw validationError(
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot ' +
        `contain an empty ${value.kind === 'B' ? 'binary' : 'string'} value. Key: ${name}`,
    );
  }
  if (role === 'partition' && bytes > PARTITION_KEY_BYTES_MAX) {
    // The missing space is the service's.
    throw parameterError('Size of hashkey has exceeded the maximum size limit of2048 bytes');
  }
  if (role === 'sort' && bytes > SORT_KEY_BYTES_MAX) {
    throw parameterError(
      'Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
    );
  }
  return text;
}

// FNV-1a over the code units.
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
