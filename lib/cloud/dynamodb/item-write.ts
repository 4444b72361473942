// A write of one item in three steps: what can be said without the item (prepare), what happens to
// the item (decide), and doing it (apply). A transaction decides all its writes before it applies one.

import { ServiceError } from '../service.ts';
import type { AttributeMap, Item } from './attribute-value.ts';
import { parseItem, renderItem } from './attribute-value.ts';
import type { Compiler } from './compile.ts';
import { checkOperandTypes, meets } from './condition.ts';
import type { Condition, Parsed, UpdateAction } from './expression.ts';
import { keyNames, keyOf, placeOfItem, placeOfKey } from './item-key.ts';
import { ITEM_BYTES_MAX, itemBytes } from './item-size.ts';
import { validationError } from './refusals.ts';
import { bindScope, type PlaceholderInput, type ResolvedPath, type Scope } from './scope.ts';
import type { StoredItem, Table } from './table.ts';
import type { Tables } from './tables.ts';
import { applyUpdate, checkUpdate } from './update.ts';

/** What a write does to the item in its place; `check` leaves it as it is. */
export type WriteKind = 'put' | 'update' | 'delete' | 'check';

/** The members that the four kinds of writes share or own. */
export interface WriteInput extends PlaceholderInput {
  readonly TableName?: string;
  readonly Item?: AttributeMap;
  readonly Key?: AttributeMap;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
}

/** A write that is well-formed. */
export interface PreparedWrite {
  readonly kind: WriteKind;
  readonly table: Table;
  readonly place: string;
  /** The item to put, or the key of the item to change. */
  readonly given: Item;
  readonly condition: Parsed<Condition> | undefined;
  readonly update: Parsed<readonly UpdateAction[]> | undefined;
  readonly scope: Scope;
  readonly returnsOldOnFailure: boolean;
}

/** What a write comes to: the item after it (`undefined`: none), or that its condition failed. */
export type WriteDecision =
  | {
      readonly kind: 'apply';
      readonly before: StoredItem | undefined;
      readonly after: Item | undefined;
      readonly paths: readonly ResolvedPath[];
    }
  | { readonly kind: 'refused'; readonly before: StoredItem | undefined };

const CONDITION_FAILED = 'The conditional request failed';
const NO_ITEM: Item = new Map();

/** Checks a write against its table and its expressions against each other. */
export function prepareWrite(
  { tables, compiler }: { readonly tables: Tables; readonly compiler: Compiler },
  kind: WriteKind,
  input: WriteInput,
): PreparedWrite {
  const condition = compiler.condition('ConditionExpression', input.ConditionExpression);
  const update = compiler.update(input.UpdateExpression);
  const expressions = [condition, update].filter((parsed) => parsed !== undefined);
  const scope = bindScope(input, expressions);
  if (condition !== undefined) checkOperandTypes(condition.tree, scope, condition.label);
  const given = parseItem((kind === 'put' ? input.Item : input.Key) ?? {});
  const table = tables.get(input.TableName);
  const { keySchema } = table.definition;
  const place = kind === 'put' ? placeOfItem(keySchema, given) : placeOfKey(keySchema, given);
  if (update !== undefined) checkUpdate(update, scope, keyNames(keySchema));
  if (kind === 'put' && itemBytes(given) > ITEM_BYTES_MAX) {
    throw validationError('Item size has exceeded the maximum allowed size');
  }
  const returnsOldOnFailure = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  return { kind, table, place, given, condition, update, scope, returnsOldOnFailure };
}

/** Looks at the item and says what the write does to it, without doing it. */
export function decideWrite(write: PreparedWrite, nowMs: number): WriteDecision {
  const { kind, table, place, given, condition, update, scope } = write;
  const before = table.read(place, nowMs);
  if (condition !== undefined && !meets(condition.tree, before?.item ?? NO_ITEM, scope)) {
    return { kind: 'refused', before };
  }
  if (kind === 'put') return { kind: 'apply', before, after: given, paths: [] };
  if (kind === 'delete') return { kind: 'apply', before, after: undefined, paths: [] };
  if (kind === 'check') return { kind: 'apply', before, after: before?.item, paths: [] };
  const base = before?.item ?? keyOf(table.definition.keySchema, given);
  if (update === undefined) return { kind: 'apply', before, after: base, paths: [] };
  const { item, paths } = applyUpdate(update, base, scope);
  if (itemBytes(item) > ITEM_BYTES_MAX) {
    throw validationError('Item size to update has exceeded the maximum allowed size');
  }
  return { kind: 'apply', before, after: item, paths };
}

/** Does what was decided; returns what is stored afterwards. */
export function applyWrite(
  { kind, table, place }: PreparedWrite,
  { before, after }: Extract<WriteDecision, { kind: 'apply' }>,
  nowMs: number,
): StoredItem | undefined {
  return kind === 'check' ? before : table.write(place, after, nowMs);
}

/** The members of a refusal: the item that stood in the way, if it was asked for. */
export function refusalOf(
  { returnsOldOnFailure }: PreparedWrite,
  { before }: Extract<WriteDecision, { kind: 'refused' }>,
): { readonly code: string; readonly message: string; readonly item: object } {
  const shown = returnsOldOnFailure && before !== undefined;
  return {
    code: 'ConditionalCheckFailed',
    message: CONDITION_FAILED,
    item: shown ? { Item: renderItem(before.item) } : {},
  };
}

/** The refusal of a write that stands alone. */
export function conditionalCheckFailed(
  write: PreparedWrite,
  decision: Extract<WriteDecision, { kind: 'refused' }>,
): ServiceError {
  const { code, message, item } = refusalOf(write, decision);
  return new ServiceError(`${code}Exception`, message, { fields: { ...item } });
}
