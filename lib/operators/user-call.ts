// What all operators that run user code over keyed state share: the call itself, and what goes in and
// comes out. What the code throws, or returns against its type, is a fault that names the operator.

import { copyJson, isPlainJson, type JsonValue, setOwn } from '../state/json-value.ts';
import type { KeyReader } from './key.ts';
import { operatorFailed, operatorReturned } from './record-fault.ts';

/** Runs user code; a promise is refused, because nobody would wait for it. */
export function callUser(uid: string, code: () => unknown): unknown {
  let value: unknown;
  try {
    value = code();
  } catch (thrown) {
    throw operatorFailed(uid, thrown);
  }
  if (value instanceof Promise) throw operatorReturned(uid, 'is asynchronous');
  return value;
}

/** A copy of what user code asks to keep. */
export function jsonToKeep(uid: string, value: unknown): JsonValue {
  if (isPlainJson(value)) return copyJson(value);
  throw operatorReturned(uid, 'wants to keep a value that is not plain JSON');
}

/** A copy of what is kept, for user code. */
export function copyOf(value: JsonValue | undefined): JsonValue | undefined {
  return value === undefined ? undefined : copyJson(value);
}

/** A key as user code sees it: the one value where there is one field, else an object of the fields. */
export function shownKey({ fields, valuesOf }: KeyReader, text: string): unknown {
  const values = valuesOf(text);
  if (fields.length === 1) return values[0];
  const key: Record<string, unknown> = {};
  for (const [index, field] of fields.entries()) setOwn(key, field, values[index]);
  return key;
}
