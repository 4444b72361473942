// Applies an update expression. Every right side is read from the item as it was before the update;
// removals come last and from the highest index down, so that list indexes mean the old elements.

import type { Item, Value } from './attribute-value.ts';
import { memberKeys } from './attribute-value.ts';
import type { Operand, Parsed, SetValue, UpdateAction } from './expression.ts';
import { addNumbers, subtractNumbers } from './number.ts';
import { validationError } from './refusals.ts';
import { type ResolvedPath, refuseOverlaps, resolvePath, type Scope, valueAt } from './scope.ts';

/** A change of one place: its new value, or `undefined` to remove what is there. */
interface Change {
  readonly path: ResolvedPath;
  readonly value: Value | undefined;
}

const WRONG_OPERAND = 'An operand in the update expression has an incorrect data type';
const WRONG_PATH = 'The document path provided in the update expression is invalid for update';

const TYPE_NAMES: Readonly<Record<string, string>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  L: 'LIST',
  M: 'MAP',
  NULL: 'NULL',
  BOOL: 'BOOLEAN',
};

/** Refuses what is wrong whatever the item holds: overlapping paths, key attributes, operand types. */
export function checkUpdate(
  { tree: actions }: Parsed<readonly UpdateAction[]>,
  scope: Scope,
  keyNames: readonly string[],
): void {
  const paths = actions.map(({ path }) => resolvePath(path, scope));
  refuseOverlaps('UpdateExpression', paths);
  for (const action of actions) checkActionTypes(action, scope);
  for (const [name] of paths) {
    if (!keyNames.includes(name as string)) continue;
    throw validationError(
      'One or more parameter values were invalid: ' +
        `Cannot update attribute ${name}. This attribute is part of the key`,
    );
  }
}

/** The item after the update, and the paths that it changed. */
export function applyUpdate(
  { tree: actions }: Parsed<readonly UpdateAction[]>,
  item: Item,
  scope: Scope,
): { readonly item: Item; readonly paths: readonly ResolvedPath[] } {
  const changes = actions.map((action) => changeOf(action, item, scope));
  const removals = changes.filter(({ value }) => value === undefined).sort(lastIndexFirst);
  const settings = changes.filter(({ value }) => value !== undefined).sort(firstIndexFirst);
  const changed = [...settings, ...removals].reduce(
    (entries, { path, value }) => withEntry(entries, path, value),
    item,
  );
  return { item: changed, paths: changes.map(({ path }) => path) };
}

function changeOf(action: UpdateAction, item: Item, scope: Scope): Change {
  const path = resolvePath(action.path, scope);
  switch (action.kind) {
    case 'set':
      return { path, value: setValue(action.value, item, scope) };
    case 'remove':
      return { path, value: undefined };
    case 'add':
      return { path, value: added(valueAt(item, path), scope.values.get(action.value)!) };
    case 'delete':
      return { path, value: withoutMembers(valueAt(item, path), scope.values.get(action.value)!) };
  }
}

function setValue(value: SetValue, item: Item, scope: Scope): Value {
  if (!('left' in value)) return operandValue(value, item, scope);
  const left = operandValue(value.left, item, scope);
  const right = operandValue(value.right, item, scope);
  if (left.kind !== 'N' || right.kind !== 'N') throw validationError(WRONG_OPERAND);
  const compute = value.kind === 'sum' ? addNumbers : subtractNumbers;
  return { kind: 'N', text: compute(left.text, right.text) };
}

function operandValue(operand: Operand, item: Item, scope: Scope): Value {
  if (operand.kind === 'value') return scope.values.get(operand.name)!;
  if (operand.kind === 'path') {
    const value = valueAt(item, resolvePath(operand.path, scope));
    if (value !== undefined) return value;
    throw validationError(
      'The provided expression refers to an attribute that does not exist in the item',
    );
  }
  const [first, second] = operand.operands as [Operand, Operand];
  if (operand.name === 'if_not_exists') {
    const path = first.kind === 'path' ? resolvePath(first.path, scope) : [];
    return valueAt(item, path) ?? operandValue(second, item, scope);
  }
  const head = operandValue(first, item, scope);
  const tail = operandValue(second, item, scope);
  if (head.kind !== 'L' || tail.kind !== 'L') throw validationError(WRONG_OPERAND);
  return { kind: 'L', elements: [...head.elements, ...tail.elements] };
}

function added(current: Value | undefined, increment: Value): Value {
  if (current === undefined) return increment;
  if (current.kind !== increment.kind) throw validationError(WRONG_OPERAND);
  if (current.kind === 'N' && increment.kind === 'N') {
    return { kind: 'N', text: addNumbers(current.text, increment.text) };
  }
  const present = new Set(memberKeys(current));
  return joined(
    current,
    memberIndexes(increment, (member) => !present.has(member)),
    increment,
  );
}

function withoutMembers(current: Value | undefined, removed: Value): Value | undefined {
  if (current === undefined) return undefined;
  if (current.kind !== removed.kind) throw validationError(WRONG_OPERAND);
  const gone = new Set(memberKeys(removed));
  const kept = memberIndexes(current, (member) => !gone.has(member));
  return kept.length === 0 ? undefined : joined(undefined, kept, current);
}

function memberIndexes(set: Value, wanted: (member: string) => boolean): readonly number[] {
  return memberKeys(set).flatMap((member, index) => (wanted(member) ? [index] : []));
}

/** The members of `base`, if any, and those of `from` at `indexes`, as a set of the type of `from`. */
function joined(base: Value | undefined, indexes: readonly number[], from: Value): Value {
  if (from.kind === 'BS') {
    const before = base?.kind === 'BS' ? base.members : [];
    return { kind: 'BS', members: [...before, ...indexes.map((index) => from.members[index]!)] };
  }
  if (from.kind !== 'SS' && from.kind !== 'NS') throw validationError(WRONG_OPERAND);
  const before = base?.kind === from.kind ? base.members : [];
  return { kind: from.kind, members: [...before, ...indexes.map((index) => from.members[index]!)] };
}

function withEntry(entries: Item, path: ResolvedPath, value: Value | undefined): Item {
  const [name, ...rest] = path as [string, ...(string | number)[]];
  const replaced = rest.length === 0 ? value : withPlace(entries.get(name), rest, value);
  const changed = new Map(entries);
  if (replaced === undefined) changed.delete(name);
  else changed.set(name, replaced);
  return changed;
}

function withPlace(
  container: Value | undefined,
  path: ResolvedPath,
  value: Value | undefined,
): Value {
  const [step, ...rest] = path;
  if (typeof step === 'string' && container?.kind === 'M') {
    return { kind: 'M', entries: withEntry(container.entries, path, value) };
  }
  if (typeof step !== 'number' || container?.kind !== 'L') throw validationError(WRONG_PATH);
  const elements = [...container.elements];
  const replaced = rest.length === 0 ? value : withPlace(elements[step], rest, value);
  if (replaced === undefined) elements.splice(step, 1);
  // An index beyond the end appends.
  else elements[Math.min(step, elements.length)] = replaced;
  return { kind: 'L', elements };
}

const indexOf = ({ path }: Change) =>
  typeof path.at(-1) === 'number' ? (path.at(-1) as number) : 0;
const lastIndexFirst = (one: Change, other: Change) => indexOf(other) - indexOf(one);
const firstIndexFirst = (one: Change, other: Change) => indexOf(one) - indexOf(other);

function checkActionTypes(action: UpdateAction, scope: Scope): void {
  if (action.kind === 'add' || action.kind === 'delete') {
    const { kind } = scope.values.get(action.value)!;
    if (TYPE_NAMES[kind] === undefined || (action.kind === 'add' && kind === 'N')) return;
    throw validationError(
      'Invalid UpdateExpression: Incorrect operand type for operator or function; ' +
        `operator: ${action.kind.toUpperCase()}, operand type: ${TYPE_NAMES[kind]}`,
    );
  }
  if (action.kind !== 'set') return;
  const { value } = action;
  if ('left' in value) {
    const operator = value.kind === 'sum' ? '+' : '-';
    for (const operand of [value.left, value.right]) requireKind(operand, 'N', operator, scope);
  } else if (value.kind === 'call' && value.name === 'list_append') {
    for (const operand of value.operands) requireKind(operand, 'L', value.name, scope);
  }
}

function requireKind(operand: Operand, kind: string, operator: string, scope: Scope): void {
  if (operand.kind !== 'value') return;
  const actual = scope.values.get(operand.name)!.kind;
  if (actual === kind) return;
  throw validationError(
    'Invalid UpdateExpression: Incorrect operand type for operator or function; ' +
      `operator or function: ${operator}, operand type: ${actual}`,
  );
}
