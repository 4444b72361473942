// What the placeholders of one request stand for. Every placeholder that is used must be given, and
// every one that is given must be used.

import type { AttributeMap, Item, Value } from './attribute-value.ts';
import { parseItem } from './attribute-value.ts';
import type { Parsed, Path } from './expression.ts';
import { validationError } from './refusals.ts';

/** The two members of a request that give placeholders a meaning. */
export interface PlaceholderInput {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: AttributeMap | undefined;
}

/** Names by `#name` and values by `:value`. */
export interface Scope {
  readonly names: ReadonlyMap<string, string>;
  readonly values: Item;
}

/** A path whose steps are names and indexes. */
export type ResolvedPath = readonly (string | number)[];

/** Binds the placeholders of a request that holds `expressions`. */
export function bindScope(input: PlaceholderInput, expressions: readonly Parsed<unknown>[]): Scope {
  const names = parseNames(input, expressions);
  const values = parseValues(input, expressions);
  const unusedNames = new Set(names.keys());
  const unusedValues = new Set(values.keys());
  for (const expression of expressions) {
    requireDefined(expression, { names, values });
    for (const name of expression.names) unusedNames.delete(name);
    for (const name of expression.values) unusedValues.delete(name);
  }
  refuseUnused('ExpressionAttributeNames', unusedNames);
  refuseUnused('ExpressionAttributeValues', unusedValues);
  return { names, values };
}

/** The steps of `path` with its placeholders replaced. */
export function resolvePath(path: Path, scope: Scope): ResolvedPath {
  return path.map((segment) => {
    if (segment.kind === 'index') return segment.index;
    return segment.kind === 'name' ? segment.name : scope.names.get(segment.name)!;
  });
}

/** What stands at `path` in `item`; `undefined` when nothing does. */
export function valueAt(item: Item, path: ResolvedPath): Value | undefined {
  let value = item.get(path[0] as string);
  for (let step = 1; step < path.length && value !== undefined; step += 1) {
    const at = path[step]!;
    if (typeof at === 'number') value = value.kind === 'L' ? value.elements[at] : undefined;
    else value = value.kind === 'M' ? value.entries.get(at) : undefined;
  }
  return value;
}

/** Refuses paths of which one is, contains or contradicts another. */
export function refuseOverlaps(label: string, paths: readonly ResolvedPath[]): void {
  for (let first = 0; first < paths.length; first += 1) {
    for (let second = first + 1; second < paths.length; second += 1) {
      const problem = overlap(paths[first]!, paths[second]!);
      if (problem === undefined) continue;
      throw validationError(
        `Invalid ${label}: Two document paths ${problem} with each other; must remove or rewrite ` +
          `one of these paths; path one: ${shownPath(paths[first]!)}, ` +
          `path two: ${shownPath(paths[second]!)}`,
      );
    }
  }
}

function overlap(one: ResolvedPath, other: ResolvedPath): 'overlap' | 'conflict' | undefined {
  const steps = Math.min(one.length, other.length);
  for (let step = 0; step < steps; step += 1) {
    if (typeof one[step] !== typeof other[step]) return 'conflict';
    if (one[step] !== other[step]) return undefined;
  }
  return 'overlap';
}

function shownPath(path: ResolvedPath): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}

function parseNames(
  { ExpressionAttributeNames: given }: PlaceholderInput,
  expressions: readonly Parsed<unknown>[],
): ReadonlyMap<string, string> {
  const names = new Map(Object.entries(given ?? {}));
  if (given === undefined) return names;
  refuseEmpty('ExpressionAttributeNames', names.size, expressions.length);
  for (const name of names.keys()) {
    if (!/^#[A-Za-z0-9_]+$/.test(name)) throw syntaxRefusal('ExpressionAttributeNames', name);
  }
  return names;
}

function parseValues(
  { ExpressionAttributeValues: given }: PlaceholderInput,
  expressions: readonly Parsed<unknown>[],
): Item {
  const values = parseItem(given ?? {});
  if (given === undefined) return values;
  refuseEmpty('ExpressionAttributeValues', values.size, expressions.length);
  for (const name of values.keys()) {
    if (!/^:[A-Za-z0-9_]+$/.test(name)) throw syntaxRefusal('ExpressionAttributeValues', name);
  }
  return values;
}

function syntaxRefusal(parameter: string, name: string): Error {
  return validationError(`${parameter} contains invalid key: Syntax error; key: "${name}"`);
}

function refuseEmpty(parameter: string, size: number, expressions: number): void {
  if (expressions === 0) {
    throw validationError(`${parameter} can only be specified when using expressions`);
  }
  if (size === 0) throw validationError(`${parameter} must not be empty`);
}

function requireDefined({ label, names, values }: Parsed<unknown>, scope: Scope): void {
  for (const name of names) {
    if (scope.names.has(name)) continue;
    throw validationError(
      `Invalid ${label}: An expression attribute name used in the document path is not defined; ` +
        `attribute name: ${name}`,
    );
  }
  for (const name of values) {
    if (scope.values.has(name)) continue;
    throw validationError(
      `Invalid ${label}: An expression attribute value used in expression is not defined; ` +
        `attribute value: ${name}`,
    );
  }
}

function refuseUnused(parameter: string, unused: ReadonlySet<string>): void {
  if (unused.size === 0) return;
  throw validationError(
    `Value provided in ${parameter} unused in expressions: keys: {${[...unused].join(', ')}}`,
  );
}
