/** What becomes of a leaf (bytes, number, text, …) that stands under `name`; array elements take the array's name. */
export type Leaf = (name: string, value: unknown) => unknown;

/** Copies a structure with every leaf replaced; own members called `__proto__` stay members. */
export function rebuild(value: unknown, leaf: Leaf, name = ''): unknown {
  if (Array.isArray(value)) return value.map((element) => rebuild(element, leaf, name));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return leaf(name, value);
  }
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [member, rebuild(inner, leaf, member)]),
  );
}

/** Base64 of the bytes without copying them first. */
export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
