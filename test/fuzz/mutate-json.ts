// Damage to JSON that leaves it JSON: a flipped bit is found by any parser, but a member that is
// missing, doubled or of another type reaches what stands behind the parser.

import { type Mutate, mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

const EDITS_MAX = 3;

/** What no field of a stored document should be, at least not all of them. */
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e308,
  -9_007_199_254_740_991,
  2 ** 53,
  4_294_967_296,
  '',
  '0',
  '-1',
  '1e999',
  'NaN',
  '\u0000',
  '\ud800',
  '__proto__',
  '9'.repeat(400),
  [],
  [[]],
  [null],
  {},
  { ['__proto__']: { polluted: true } },
  { length: 4_294_967_295 },
  { toString: 1, valueOf: null },
];
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', '', 'length', 'kind', 'S', 'N'];

/** A place in a document: its value is `holder[name]`. */
interface Place {
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

/** Half of the inputs are still JSON, of any depth, and have members that are not as they were. */
export const mutateJson: Mutate = (seeds, random) =>
  random.onceIn(2) ? mutateBytes(seeds, random) : Buffer.from(withDepth(mutated(seeds, random)));

/** All inputs are JSON and hardly deeper than the seeds, as attributes of an item are. */
export const mutateMembers: Mutate = (seeds, random) => Buffer.from(mutated(seeds, random), 'utf8');

function mutated(seeds: readonly Uint8Array[], random: Random): string {
  const document: unknown = JSON.parse(Buffer.from(random.pick(seeds)).toString('utf8'));
  const root = { document };
  for (let edits = 1 + random.below(EDITS_MAX); edits > 0; edits -= 1) edit(root, random);
  return JSON.stringify(root.document);
}

/** Mostly shallow: the deepest overflow a stack, and take a parser milliseconds. */
const DEPTHS = [1, 1, 70, 70, 70, 3_000, 3_000, 20_000];

/** Stands for brackets inside each other, which can be read at any depth but not be written. */
const DEEP = /"<deep (\d+)>"/g;

const withDepth = (text: string) =>
  text.replace(DEEP, (_, depth) => `${'['.repeat(Number(depth))}1${']'.repeat(Number(depth))}`);

function edit(root: { document: unknown }, random: Random): void {
  const places = [...placesOf(root)];
  const { holder, name } = random.pick(places);
  const value = holder[name];
  switch (random.below(8)) {
    case 0:
    case 1:
      set(holder, name, structuredClone(random.pick(ODD)));
      break;
    case 2:
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else if (holder !== root) delete holder[name];
      break;
    case 3:
      if (Array.isArray(holder)) holder.splice(Number(name), 0, structuredClone(value));
      else if (holder !== root) set(holder, random.pick(NAMES), structuredClone(value));
      break;
    case 4: {
      const other = random.pick(places);
      set(holder, name, structuredClone(other.holder[other.name]));
      break;
    }
    case 5:
      set(holder, name, `<deep ${random.pick(DEPTHS)}>`);
      break;
    default:
      set(holder, name, altered(value, random));
  }
}

/** The same type and nearly the same value. */
function altered(value: unknown, random: Random): unknown {
  if (typeof value === 'number')
    return random.pick([-value, value + 1, value / 3, value * 2 ** 40]);
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string') return value;
  return Buffer.from(mutateBytes([Buffer.from(value, 'utf8')], random)).toString('utf8');
}

function* placesOf(holder: object): Iterable<Place> {
  for (const name of Object.keys(holder)) {
    const place = { holder: holder as Record<string, unknown>, name };
    yield place;
    const value = place.holder[name];
    if (typeof value === 'object' && value !== null) yield* placesOf(value);
  }
}

function set(holder: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(holder, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
