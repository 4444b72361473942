// How rows are grouped. A key has two texts: its own, which is injective over tuples of JSON scalars
// and stands in state, and the text whose MD5 is its place on the ring, which is what producers
// write as partition key: the plain value, or a JSON array of several.
//
//   own text    a string as it is, unless it begins with U+0000; anything else U+0000 and its JSON
//   place text  String(value) of one field, a JSON array of several

import { hashOfKey, keyGroupOf, ownsHash } from '../model/hash-range.ts';
import { KEY_BYTES_MAX } from '../model/limits.ts';
import type { KeySpec, Selector, SourceNode } from '../plan/plan.ts';
import type { KeyDictionary } from '../state/key-dictionary.ts';
import type { Pass } from './pass.ts';
import { faultOf, type RecordFault } from './record-fault.ts';
import { readerOf, selectorText } from './selector.ts';

type Scalar = string | number | boolean | null;

/** Reads keys of rows and finds their ids. */
export interface KeyReader {
  /** Id of the row's key in the operator's dictionary; throws a fault when the row has no valid key. */
  idOf(row: unknown, keys: KeyDictionary): number;
  /** The same for a key that comes without a row, by its values in the order of `fields`. */
  idOfValues(values: readonly unknown[], keys: KeyDictionary): number;
  /** Names of the key's fields in a result row. */
  readonly fields: readonly string[];
  /** The values of a key from its own text, in the order of `fields`. */
  valuesOf(text: string): readonly Scalar[];
}

/** What a keyed operator needs to know of where its keys come from. */
export interface KeyOrigin {
  readonly uid: string;
  readonly key: KeySpec;
  readonly source: Pick<SourceNode, 'partitionedBy' | 'partitionedByFunction'>;
  readonly pass: Pass;
}

/**
 * Makes a key specification ready to run. A key met for the first time in this sandbox is hashed,
 * checked against the shard's hash range where the source is declared `partitionedBy`, and interned;
 * after that one lookup by text does it all.
 */
export function createKeyReader({ uid, key, source, pass }: KeyOrigin): KeyReader {
  const reads = key.selectors.map((selector) => readerOf(selector, uid));
  const names = key.selectors.map(selectorText);
  const place = placeOf(key, source);
  const only = reads.length === 1 ? reads[0]! : null;

  const intern = (text: string, values: readonly Scalar[], keys: KeyDictionary): number => {
    if (LONE_SURROGATE.test(text)) {
      throw faultOf('key-invalid', `the key of '${uid}' holds half a surrogate pair`);
    }
    if (Buffer.byteLength(text) > KEY_BYTES_MAX) {
      throw faultOf('key-too-large', `the key of '${uid}' has more than ${KEY_BYTES_MAX} bytes`);
    }
    const hash = hashOfKey(placeText(place.indexes.map((index) => values[index]!)));
    if (place.declared && !ownsHash(pass.hashRange, hash)) {
      throw wrongShard(source);
    }
    return keys.intern(text, keyGroupOf(hash));
  };

  const idOfValues = (values: readonly Scalar[], keys: KeyDictionary): number => {
    const text = only === null ? MARK + JSON.stringify(values) : textOfScalar(values[0]!);
    const id = keys.find(text);
    return id >= 0 ? id : intern(text, values, keys);
  };

  /** Without fields all rows are one group, and nothing is read. */
  const idOfNothing = (keys: KeyDictionary): number => {
    const id = keys.find(NO_FIELDS);
    return id >= 0 ? id : intern(NO_FIELDS, [], keys);
  };

  return {
    fields: key.fields,
    idOfValues(values, keys) {
      return idOfValues(
        values.map((value, index) => checked(value, names[index]!)),
        keys,
      );
    },
    idOf(row, keys) {
      if (reads.length === 0) return idOfNothing(keys);
      if (only === null) {
        return idOfValues(
          reads.map((read, index) => checked(read(row), names[index]!)),
          keys,
        );
      }
      const value = only(row);
      // The common case, one string, allocates nothing once the key is known.
      if (typeof value === 'string' && value.charCodeAt(0) !== 0) {
        const id = keys.find(value);
        if (id >= 0) return id;
      }
      return idOfValues([checked(value, names[0]!)], keys);
    },
    valuesOf: valuesOfKeyText,
  };
}

/** The values of a key from its own text. */
export function valuesOfKeyText(text: string): readonly Scalar[] {
  if (text.charCodeAt(0) !== 0) return [text];
  const value = JSON.parse(text.slice(1));
  // The values themselves are scalars, so that a list is the whole of a key.
  return Array.isArray(value) ? value : [value];
}

/** The fault of a record that the declaration `partitionedBy` would have put into another shard. */
export function wrongShard(source: KeyOrigin['source']): RecordFault {
  const declared = source.partitionedBy?.map((field) => `'${field}'`).join(', ') ?? 'a function';
  return faultOf(
    'wrong-shard',
    `the source is declared partitionedBy ${declared}, but the MD5 of that value lies outside the ` +
      'hash range of the shard: use it as the partition key, or re-key the stream',
  );
}

/** Reads the text of a row's place on the ring; throws a fault when the row has no valid key. */
export function placeTextReader(
  selectors: readonly Selector[],
  uid: string,
): (row: unknown) => string {
  const reads = selectors.map((selector) => readerOf(selector, uid));
  const names = selectors.map(selectorText);
  return (row) => placeText(reads.map((read, index) => checked(read(row), names[index]!)));
}

const MARK = '\u0000';
/** The own text of a key without fields. */
const NO_FIELDS = `${MARK}[]`;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A value of the key that is a JSON scalar. */
function checked(value: unknown, name: string): Scalar {
  if (value === undefined) throw faultOf('key-missing', `${name}, a key, is missing`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw faultOf('key-invalid', `${name}, a key, is no string, finite number, boolean or null`);
}

function textOfScalar(value: Scalar): string {
  return typeof value === 'string' && value.charCodeAt(0) !== 0
    ? value
    : `${MARK}${JSON.stringify(value)}`;
}

function placeText(values: readonly Scalar[]): string {
  return values.length === 1 ? String(values[0]) : JSON.stringify(values);
}

/**
 * The values of the key that decide its place. Where the source is partitioned by some of the key's
 * fields these decide alone: all keys that share them live, and later move, together.
 */
function placeOf(key: KeySpec, source: KeyOrigin['source']) {
  const all = key.selectors.map((_, index) => index);
  // The one group of all rows has no value that a producer could have partitioned by.
  if (all.length === 0) return { indexes: all, declared: false };
  const byFunction = source.partitionedByFunction !== undefined;
  if (source.partitionedBy === null || byFunction) {
    return { indexes: all, declared: byFunction };
  }
  const indexes = source.partitionedBy.map((field) =>
    key.selectors.findIndex((each) => each.kind === 'field' && each.field === field),
  );
  const covered = indexes.every((index) => index >= 0);
  return covered ? { indexes, declared: true } : { indexes: all, declared: false };
}
