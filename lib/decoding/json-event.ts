import { JSON_DEPTH_MAX } from '../model/limits.ts';
import type { Reject, RejectReason } from './decoded-batch.ts';

/** Every reason that is not about packing, with its sentence; sentences never quote the record. */
const REJECTS: Readonly<Record<Exclude<RejectReason, 'kpl-malformed'>, Reject>> = {
  empty: reject('empty', 'the record has no bytes'),
  'bad-utf8': reject('bad-utf8', 'the record is not valid UTF-8'),
  'byte-order-mark': reject('byte-order-mark', 'the record begins with a byte order mark'),
  'not-json': reject('not-json', 'the record is not one JSON value'),
  'too-deep': reject('too-deep', `the record is nested more than ${JSON_DEPTH_MAX} levels deep`),
  'lone-surrogate': reject('lone-surrogate', 'the record escapes half of a surrogate pair'),
};

/** A parsed record: its JSON value, or why there is none. */
export type ParsedEvent =
  | { readonly kind: 'event'; readonly event: unknown }
  | { readonly kind: 'reject'; readonly reject: Reject };

/** The shortest text that is one level too deep: `[[…]]`. */
const DEEP_ARRAYS_LENGTH = 2 * (JSON_DEPTH_MAX + 1);
/** The same without any array: `{"":{"":…{}…}}`. */
export const DEEP_OBJECTS_LENGTH = 5 * JSON_DEPTH_MAX + 2;

/**
 * Parses the text of one record, `null` when its bytes are not valid UTF-8. Of duplicate keys the
 * last one wins, `__proto__` is an own property like any other and U+0000 is a character.
 */
export function parseEvent(text: string | null): ParsedEvent {
  if (text === null) return { kind: 'reject', reject: REJECTS['bad-utf8'] };
  if (text === '') return { kind: 'reject', reject: REJECTS.empty };
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) {
    return { kind: 'reject', reject: REJECTS['byte-order-mark'] };
  }
  if (isTooDeep(text)) {
    return { kind: 'reject', reject: REJECTS['too-deep'] };
  }
  const event = parseJson(text);
  if (event === undefined) return { kind: 'reject', reject: REJECTS['not-json'] };
  if (escapesSurrogate(text) && holdsLoneSurrogate(event)) {
    return { kind: 'reject', reject: REJECTS['lone-surrogate'] };
  }
  return { kind: 'event', event };
}

const BYTE_ORDER_MARK = 0xfeff;

/** The value of a JSON text; `undefined`, which no JSON text means, when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether brackets outside of strings are open more than `JSON_DEPTH_MAX` deep anywhere. */
export function isTooDeep(text: string): boolean {
  if (text.length < DEEP_ARRAYS_LENGTH) return false;
  if (text.length < DEEP_OBJECTS_LENGTH && !text.includes('[')) return false;
  if (!hasMoreOpeningBrackets(text, JSON_DEPTH_MAX)) return false;
  let depth = 0;
  let insideString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (insideString) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) insideString = false;
    } else if (code === QUOTE) {
      insideString = true;
    } else if (code === OPEN_BRACE || code === OPEN_SQUARE) {
      depth += 1;
      if (depth > JSON_DEPTH_MAX) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_SQUARE) {
      depth -= 1;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_SQUARE = 0x5b;
const CLOSE_SQUARE = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Whether text has more than `limit` opening brackets, in strings or not: fewer cannot be deep. */
function hasMoreOpeningBrackets(text: string, limit: number): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > limit) return true;
    }
  }
  return false;
}

/** Whether text holds what may be an escape of half of a surrogate pair. */
export function escapesSurrogate(text: string): boolean {
  return text.includes('\\u') && SURROGATE_ESCAPE.test(text);
}

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
/** With the `u` flag a pair is one character, so only half of one matches. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Looks at every string and key of a value that is at most `JSON_DEPTH_MAX` deep. */
function holdsLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return LONE_SURROGATE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsLoneSurrogate);
  return Object.entries(value).some(
    ([key, member]) => LONE_SURROGATE.test(key) || holdsLoneSurrogate(member),
  );
}

function reject(reason: RejectReason, detail: string): Reject {
  return { reason, detail };
}
