// What an item is made of. Requests and answers hold values in the SDK's form (`{ N: '1' }`); the
// model keeps them in a form of its own that is never changed in place and shares no bytes with a
// request or an answer. Attributes are kept in maps: a name such as `__proto__` is a name like any.

import { sortableText } from '../utf8-order.ts';
import { canonicalNumber, compareNumbers } from './number.ts';
import { parameterError, validationError } from './refusals.ts';

/** A value as the SDK for JavaScript has it. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: Uint8Array }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly Uint8Array[] }
  | { readonly M: AttributeMap }
  | { readonly L: readonly AttributeValue[] }
  | { readonly NULL: boolean }
  | { readonly BOOL: boolean };

/** An item or a map as the SDK has it. */
export type AttributeMap = Readonly<Record<string, AttributeValue>>;

/** A value as the model keeps it; numbers are in canonical text. */
export type Value =
  | { readonly kind: 'S'; readonly text: string }
  | { readonly kind: 'N'; readonly text: string }
  | { readonly kind: 'B'; readonly bytes: Uint8Array }
  | { readonly kind: 'SS' | 'NS'; readonly members: readonly string[] }
  | { readonly kind: 'BS'; readonly members: readonly Uint8Array[] }
  | { readonly kind: 'M'; readonly entries: Item }
  | { readonly kind: 'L'; readonly elements: readonly Value[] }
  | { readonly kind: 'NULL' }
  | { readonly kind: 'BOOL'; readonly flag: boolean };

/** Attributes by name. */
export type Item = ReadonlyMap<string, Value>;

/** Names of the ten types. */
export type ValueKind = Value['kind'];

/** "Nested attribute depth": lists and maps inside each other, the outermost counted as one. */
const DEPTH_MAX = 32;

const MISSING =
  'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes';
const TOO_MANY =
  'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes';

/** The model's own copy of an item or map of a request. */
export function parseItem(attributes: AttributeMap, depth = 0): Item {
  const item = new Map<string, Value>();
  for (const name of Object.keys(attributes)) {
    if (attributes[name] === undefined) continue;
    item.set(name, parseValue(attributes[name], depth));
  }
  return item;
}

/** The model's own copy of a value of a request. */
function parseValue(given: AttributeValue, depth = 0): Value {
  const kind = kindOf(given);
  const content = (given as Record<ValueKind, never>)[kind];
  switch (kind) {
    case 'S':
      return { kind, text: content };
    case 'N':
      return { kind, text: canonicalNumber(content) };
    case 'B':
      return { kind, bytes: copyBytes(content) };
    case 'BOOL':
      return { kind, flag: content };
    case 'NULL':
      if (content === true) return { kind };
      throw parameterError('Null attribute value types must have the value of true');
    case 'SS':
      return { kind, members: checkedSet(content, 'string') };
    case 'NS':
      return { kind, members: checkedSet((content as string[]).map(canonicalNumber), 'number') };
    case 'BS':
      return parseBinarySet(content);
    case 'M':
      return { kind, entries: parseItem(content, deeper(depth)) };
    case 'L':
      return { kind, elements: parseList(content, deeper(depth)) };
  }
}

/** An item in the SDK's form, with bytes of its own. */
export function renderItem(item: Item): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of item) {
    // Assigning to this one name would set the prototype instead of an attribute.
    if (name === '__proto__') defineAttribute(attributes, name, renderValue(value));
    else attributes[name] = renderValue(value);
  }
  return attributes;
}

/** A value in the SDK's form, with bytes of its own. */
export function renderValue(value: Value): AttributeValue {
  switch (value.kind) {
    case 'S':
      return { S: value.text };
    case 'N':
      return { N: value.text };
    case 'B':
      return { B: copyBytes(value.bytes) };
    case 'SS':
      return { SS: [...value.members] };
    case 'NS':
      return { NS: [...value.members] };
    case 'BS':
      return { BS: value.members.map(copyBytes) };
    case 'M':
      return { M: renderItem(value.entries) };
    case 'L':
      return { L: value.elements.map(renderValue) };
    case 'NULL':
      return { NULL: true };
    case 'BOOL':
      return { BOOL: value.flag };
  }
}

/** Whether two values are equal: numbers by value, sets without regard to order, documents deeply. */
export function equalValues(left: Value, right: Value): boolean {
  if (left.kind !== right.kind) return false;
  switch (left.kind) {
    case 'S':
    case 'N':
      return left.text === (right as typeof left).text;
    case 'B':
      return Buffer.compare(left.bytes, (right as typeof left).bytes) === 0;
    case 'BOOL':
      return left.flag === (right as typeof left).flag;
    case 'NULL':
      return true;
    case 'L': {
      const other = (right as typeof left).elements;
      return (
        left.elements.length === other.length &&
        left.elements.every((element, index) => equalValues(element, other[index]!))
      );
    }
    case 'M': {
      const other = (right as typeof left).entries;
      if (left.entries.size !== other.size) return false;
      for (const [name, value] of left.entries) {
        const counterpart = other.get(name);
        if (counterpart === undefined || !equalValues(value, counterpart)) return false;
      }
      return true;
    }
    default: {
      const other = new Set(memberKeys(right));
      const mine = memberKeys(left);
      return mine.length === other.size && mine.every((member) => other.has(member));
    }
  }
}

/** The order of two values of one ordered type (S, N, B); `undefined` when they have no order. */
export function compareValues(left: Value, right: Value): number | undefined {
  if (left.kind === 'N' && right.kind === 'N') return compareNumbers(left.text, right.text);
  if (left.kind === 'B' && right.kind === 'B') return Buffer.compare(left.bytes, right.bytes);
  if (left.kind !== 'S' || right.kind !== 'S') return undefined;
  const [one, other] = [sortableText(left.text), sortableText(right.text)];
  return one === other ? 0 : one < other ? -1 : 1;
}

/** Members of a set as texts that are equal exactly when the members are. */
export function memberKeys(value: Value): readonly string[] {
  if (value.kind === 'SS' || value.kind === 'NS') return value.members;
  return value.kind === 'BS' ? value.members.map(bytesKey) : [];
}

/** Bytes as text of one character per byte: equal, ordered and begun alike. */
export function bytesKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function kindOf(given: AttributeValue): ValueKind {
  let found: string | undefined;
  for (const kind of Object.keys(given)) {
    if ((given as Record<string, unknown>)[kind] === undefined) continue;
    if (found !== undefined) throw validationError(TOO_MANY);
    found = kind;
  }
  if (found === undefined || !KINDS.has(found)) throw validationError(MISSING);
  return found as ValueKind;
}

const KINDS: ReadonlySet<string> = new Set([
  'S',
  'N',
  'B',
  'SS',
  'NS',
  'BS',
  'M',
  'L',
  'NULL',
  'BOOL',
] satisfies ValueKind[]);

// A plain Uint8Array, also when a Buffer comes in: its slice would share the bytes.
function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function deeper(depth: number): number {
  if (depth < DEPTH_MAX) return depth + 1;
  throw validationError('Nesting Levels have exceeded supported limits');
}

function parseList(elements: readonly AttributeValue[], depth: number): readonly Value[] {
  return elements.map((element) => parseValue(element, depth));
}

function parseBinarySet(members: readonly Uint8Array[]): Value {
  checkedSet(members.map(bytesKey), 'binary');
  return { kind: 'BS', members: members.map(copyBytes) };
}

function checkedSet(members: readonly string[], type: string): readonly string[] {
  if (members.length === 0) throw parameterError(`An ${type} set  may not be empty`);
  if (new Set(members).size < members.length) {
    throw parameterError(`Input collection [${members.join(', ')}] contains duplicates.`);
  }
  return [...members];
}

function defineAttribute(attributes: object, name: string, value: AttributeValue): void {
  Object.defineProperty(attributes, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
