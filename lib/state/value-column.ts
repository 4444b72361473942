// A column of JSON values as bytes; `undefined` stands for "nothing yet". Form: a tag, then
//
//   nothing   every row is undefined
//   numbers   a column of doubles, NaN for undefined
//   json      the JSON texts of all rows, empty for undefined

import { STORED_JSON_DEPTH_MAX } from '../model/limits.ts';
import { type ByteReader, type ByteWriter, brokenBytes } from './codec.ts';
import { decodeNumberColumn, encodeNumberColumn, noNumberColumns } from './number-column.ts';

const TAG = { nothing: 0, numbers: 1, json: 2 } as const;

/** Writes `values`; `null` is a column in which nothing was ever stored. */
export function encodeValueColumn(writer: ByteWriter, values: readonly unknown[] | null): void {
  if (values?.every((value) => value === undefined) ?? true) {
    writer.byte(TAG.nothing);
  } else if (values!.every((value) => value === undefined || typeof value === 'number')) {
    writer.byte(TAG.numbers);
    const numbers = Float64Array.from(values as (number | undefined)[], (value) => value ?? NaN);
    encodeNumberColumn(writer, numbers, noNumberColumns());
  } else {
    writer.byte(TAG.json);
    writer.texts(values!.map((value) => (value === undefined ? '' : JSON.stringify(value))));
  }
}

/** Reads a column of `count` values; `null` when it holds none. */
export function decodeValueColumn(reader: ByteReader, count: number): unknown[] | null {
  const tag = reader.byte();
  switch (tag) {
    case TAG.nothing:
      return null;
    case TAG.numbers:
      return Array.from(decodeNumberColumn(reader, count, noNumberColumns()), (value) =>
        Number.isNaN(value) ? undefined : value,
      );
    case TAG.json: {
      if (count > reader.remaining) throw brokenBytes('a column has fewer values than rows');
      return reader.texts(count).map((text) => (text === '' ? undefined : parseValue(text)));
    }
    default:
      throw brokenBytes(`no column of values has the tag ${tag}`);
  }
}

function parseValue(text: string): unknown {
  const value = parseJson(text);
  // A parser takes any depth, but what weighs and writes values calls itself for each level.
  if (text.length > DEEP_LENGTH_MIN && isDeeper(value, STORED_JSON_DEPTH_MAX)) {
    throw brokenBytes(`a stored value is nested more than ${STORED_JSON_DEPTH_MAX} levels deep`);
  }
  return value;
}

/** Text of fewer characters has not enough brackets to be too deep. */
const DEEP_LENGTH_MIN = 2 * STORED_JSON_DEPTH_MAX;

function isDeeper(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depthMax === 0) return true;
  return Object.values(value).some((member) => isDeeper(member, depthMax - 1));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw brokenBytes('a stored value is not JSON', cause);
  }
}
