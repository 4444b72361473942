// Values that state may hold: plain JSON and nothing else, because only that comes back from the
// log as it went in. User code hands in accumulators and rows; what is not plain is refused here,
// before it can reach the draft.

import { JSON_DEPTH_MAX } from '../model/limits.ts';

/** Anything `JSON.parse` can return. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** Whether `value` would come back from JSON as it is: plain objects and arrays of finite numbers. */
export function isPlainJson(value: unknown, depthMax = JSON_DEPTH_MAX): value is JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depthMax === 0) return false;
  if (Array.isArray(value)) return isPlainArray(value, depthMax);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  // Names and symbols apart take half the time of `Reflect.ownKeys`.
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  return Object.getOwnPropertyNames(value).every((name) => {
    const property = Object.getOwnPropertyDescriptor(value, name)!;
    return property.enumerable === true && isPlainJson(property.value, depthMax - 1);
  });
}

/**
 * A copy that shares nothing with `value`, with plain prototypes; `__proto__` stays an own property.
 * Negative zero becomes zero, which is what JSON makes of it.
 */
export function copyJson(value: JsonValue): JsonValue {
  if (typeof value === 'number') return value + 0;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson);
  const copy: Record<string, JsonValue> = {};
  for (const [name, member] of Object.entries(value)) setOwn(copy, name, copyJson(member));
  return copy;
}

/** Sets an own property whatever its name; plain assignment to `__proto__` would set the prototype. */
export function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') {
    target[name] = value;
    return;
  }
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** Rough size of a value in bytes, for the sandbox's memory budget. */
export function estimateJsonBytes(value: unknown): number {
  if (typeof value === 'string') return 16 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 32;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) bytes += estimateJsonBytes(value[index]);
    return bytes;
  }
  // State holds plain objects alone, which inherit nothing that could be listed here.
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name];
    bytes +=
      name.length + (typeof member === 'string' ? 16 + member.length : estimateJsonBytes(member));
  }
  return bytes;
}

/** `map` and `every` skip holes and extra properties, which JSON would turn into something else. */
function isPlainArray(array: readonly unknown[], depthMax: number): boolean {
  if (Object.getPrototypeOf(array) !== Array.prototype) return false;
  if (Reflect.ownKeys(array).length !== array.length + 1) return false;
  for (let index = 0; index < array.length; index += 1) {
    if (!isPlainJson(array[index], depthMax - 1)) return false;
  }
  return true;
}
