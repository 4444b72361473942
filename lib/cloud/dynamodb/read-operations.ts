// GetItem, Query and Scan.

import type { Bound, KeyRange } from '../sorted-map.ts';
import type { Item } from './attribute-value.ts';
import { parseItem, renderItem } from './attribute-value.ts';
import { consumed, type ReadMode, readUnits } from './capacity.ts';
import { checkOperandTypes, meets } from './condition.ts';
import type { Condition, Operand, Parsed, Path } from './expression.ts';
import { hashPrefix, keyNames, keyOf, placeOfKey } from './item-key.ts';
import { rangeOf } from './key-condition.ts';
import { projectItem, resolveProjection } from './projection.ts';
import { parameterError, validationError } from './refusals.ts';
import {
  type GetItemRequest,
  type PageRequest,
  type QueryRequest,
  refuseNotModelled,
  requireOneOf,
  type ScanRequest,
} from './requests.ts';
import { bindScope, type ResolvedPath, resolvePath, type Scope } from './scope.ts';
import type { Direction, PlacedItem, StoredItem, Table } from './table.ts';
import type { Model } from './write-operations.ts';

/** "Query" and "Scan": a page ends with the item at which 1 MB has been read. */
const PAGE_BYTES_MAX = 1024 * 1024;
const SEGMENTS_MAX = 1_000_000;

/** One item that a read is to find, and what is wanted of it. */
export interface PreparedRead {
  readonly table: Table;
  readonly place: string;
  readonly paths: readonly ResolvedPath[] | undefined;
}

export function getItem(model: Model, input: GetItemRequest, nowMs: number): object {
  refuseNotModelled(input);
  const read = prepareRead(model, input);
  const mode = input.ConsistentRead === true ? 'consistent' : 'eventual';
  const found = readItem(read, mode, nowMs);
  return {
    ...(found === undefined ? {} : { Item: renderItem(wanted(found.item, read.paths)) }),
    ...consumed(
      input.ReturnConsumedCapacity,
      read.table.definition.name,
      readUnits(found?.bytes ?? 0, mode),
    ),
  };
}

/** Checks a read of one item against its table. */
export function prepareRead({ tables, compiler }: Model, input: GetItemRequest): PreparedRead {
  const projection = compiler.projection(input.ProjectionExpression);
  const scope = bindScope(input, projection === undefined ? [] : [projection]);
  const paths = projection === undefined ? undefined : resolveProjection(projection, scope);
  const table = tables.get(input.TableName);
  return {
    table,
    place: placeOfKey(table.definition.keySchema, parseItem(input.Key ?? {})),
    paths,
  };
}

export function readItem(
  { table, place }: PreparedRead,
  mode: ReadMode,
  nowMs: number,
): StoredItem | undefined {
  return mode === 'eventual' ? table.readLagging(place, nowMs) : table.read(place, nowMs);
}

/** What is wanted of an item: all of it, or what stands at `paths`. */
export function wanted(item: Item, paths: readonly ResolvedPath[] | undefined): Item {
  return paths === undefined ? item : projectItem(item, paths);
}

export function query(model: Model, input: QueryRequest, nowMs: number): object {
  refuseNotModelled(input);
  const keyCondition = model.compiler.condition(
    'KeyConditionExpression',
    input.KeyConditionExpression,
  );
  if (keyCondition === undefined) {
    throw validationError(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    );
  }
  const page = preparePage(model, input, [keyCondition]);
  checkOperandTypes(keyCondition.tree, page.scope, keyCondition.label);
  refuseKeysInFilter(page);
  const range = rangeOf(keyCondition, page.table.definition.keySchema, page.scope);
  const direction = input.ScanIndexForward === false ? 'descending' : 'ascending';
  return readPage(page, resumed(range, page, direction), { direction, nowMs });
}

export function scan(model: Model, input: ScanRequest, nowMs: number): object {
  refuseNotModelled(input);
  const page = preparePage(model, input, []);
  const range = resumed(segmentRange(input), page, 'ascending');
  return readPage(page, range, { direction: 'ascending', nowMs });
}

/** A request for one page, checked. */
interface PreparedPage {
  readonly input: PageRequest;
  readonly table: Table;
  readonly scope: Scope;
  readonly filter: Parsed<Condition> | undefined;
  readonly paths: readonly ResolvedPath[] | undefined;
  readonly startPlace: string | undefined;
}

function preparePage(
  { tables, compiler }: Model,
  input: PageRequest,
  others: readonly Parsed<unknown>[],
): PreparedPage {
  const filter = compiler.condition('FilterExpression', input.FilterExpression);
  const projection = compiler.projection(input.ProjectionExpression);
  const expressions = [...others, filter, projection].filter((parsed) => parsed !== undefined);
  const scope = bindScope(input, expressions);
  if (filter !== undefined) checkOperandTypes(filter.tree, scope, filter.label);
  const paths = projection === undefined ? undefined : resolveProjection(projection, scope);
  checkSelect(input);
  if (input.Limit !== undefined && input.Limit < 1) {
    throw validationError(
      `1 validation error detected: Value '${input.Limit}' at 'limit' failed to satisfy ` +
        'constraint: Member must have value greater than or equal to 1',
    );
  }
  const table = tables.get(input.TableName);
  return { input, table, scope, filter, paths, startPlace: startPlaceOf(input, table) };
}

function checkSelect({ Select, ProjectionExpression }: PageRequest): void {
  requireOneOf('select', Select, [
    'ALL_ATTRIBUTES',
    'ALL_PROJECTED_ATTRIBUTES',
    'SPECIFIC_ATTRIBUTES',
    'COUNT',
  ]);
  if (Select === 'ALL_PROJECTED_ATTRIBUTES') {
    throw parameterError(
      'ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName',
    );
  }
  if (Select === undefined || Select === 'SPECIFIC_ATTRIBUTES') return;
  if (ProjectionExpression === undefined) return;
  throw validationError(
    `Cannot specify the ProjectionExpression when choosing to get ${Select === 'COUNT' ? 'only the Count' : Select}`,
  );
}

function startPlaceOf({ ExclusiveStartKey }: PageRequest, table: Table): string | undefined {
  if (ExclusiveStartKey === undefined) return undefined;
  const { keySchema } = table.definition;
  const key = parseItem(ExclusiveStartKey);
  const fits = [keySchema.partition, keySchema.sort].every(
    (attribute) => attribute === undefined || key.get(attribute.name)?.kind === attribute.type,
  );
  if (!fits || key.size !== keyNames(keySchema).length) {
    throw validationError('The provided starting key is invalid');
  }
  return placeOfKey(keySchema, key);
}

/** The rest of `range` behind the place where the page before ended. */
function resumed(range: KeyRange, { startPlace }: PreparedPage, direction: Direction): KeyRange {
  if (startPlace === undefined) return range;
  if (!isWithin(startPlace, range)) {
    throw validationError(
      'The provided starting key is outside query boundaries based on provided conditions',
    );
  }
  const start: Bound = { key: startPlace, inclusive: false };
  return direction === 'ascending' ? { ...range, lower: start } : { ...range, upper: start };
}

function isWithin(place: string, { lower, upper }: KeyRange): boolean {
  const above =
    lower === undefined || place > lower.key || (place === lower.key && lower.inclusive);
  return (
    above && (upper === undefined || place < upper.key || (place === upper.key && upper.inclusive))
  );
}

function readPage(
  { input, table, scope, filter, paths }: PreparedPage,
  range: KeyRange,
  { direction, nowMs }: { readonly direction: Direction; readonly nowMs: number },
): object {
  const walked: Iterable<PlacedItem> =
    input.ConsistentRead === true
      ? table.walk(range, direction, nowMs)
      : table.walkLagging(range, direction, nowMs);
  const items: object[] = [];
  let [scanned, matched, bytes] = [0, 0, 0];
  let last: Item | undefined;
  for (const [, stored] of walked) {
    scanned += 1;
    bytes += stored.bytes;
    if (filter === undefined || meets(filter.tree, stored.item, scope)) {
      matched += 1;
      if (input.Select !== 'COUNT') items.push(renderItem(wanted(stored.item, paths)));
    }
    if (scanned !== input.Limit && bytes < PAGE_BYTES_MAX) continue;
    last = stored.item;
    break;
  }
  const { name, keySchema } = table.definition;
  const mode = input.ConsistentRead === true ? 'consistent' : 'eventual';
  return {
    ...(input.Select === 'COUNT' ? {} : { Items: items }),
    Count: matched,
    ScannedCount: scanned,
    ...(last === undefined ? {} : { LastEvaluatedKey: renderItem(keyOf(keySchema, last)) }),
    ...consumed(input.ReturnConsumedCapacity, name, readUnits(bytes, mode)),
  };
}

function segmentRange({ Segment: segment, TotalSegments: total }: ScanRequest): KeyRange {
  if (segment === undefined && total === undefined) return {};
  if (segment === undefined || total === undefined) {
    throw validationError(
      `The ${segment === undefined ? 'Segment' : 'TotalSegments'} parameter is required but was not ` +
        `present in the request when ${segment === undefined ? 'TotalSegments' : 'Segment'} parameter is present`,
    );
  }
  if (total < 1 || total > SEGMENTS_MAX || segment < 0 || segment >= total) {
    throw validationError(
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: ' +
        `Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
  const boundary = (index: number): Bound => ({
    key: hashPrefix(Math.ceil((index * 2 ** 32) / total)),
    inclusive: true,
  });
  const upper = segment + 1 === total ? undefined : { ...boundary(segment + 1), inclusive: false };
  return { lower: boundary(segment), upper };
}

function refuseKeysInFilter({ filter, table, scope }: PreparedPage): void {
  if (filter === undefined) return;
  const keys = keyNames(table.definition.keySchema);
  for (const path of pathsOf(filter.tree)) {
    const [name] = resolvePath(path, scope);
    if (!keys.includes(name as string)) continue;
    throw validationError(
      'Filter Expression can only contain non-primary key attributes: ' +
        `Primary key attribute: ${name}`,
    );
  }
}

function pathsOf(condition: Condition): readonly Path[] {
  switch (condition.kind) {
    case 'or':
    case 'and':
      return [...pathsOf(condition.left), ...pathsOf(condition.right)];
    case 'not':
      return pathsOf(condition.inner);
    case 'compare':
      return [condition.left, condition.right].flatMap(operandPaths);
    case 'between':
      return [condition.operand, condition.lower, condition.upper].flatMap(operandPaths);
    case 'in':
      return [condition.operand, ...condition.choices].flatMap(operandPaths);
    case 'call':
      return condition.operands.flatMap(operandPaths);
  }
}

function operandPaths(operand: Operand): readonly Path[] {
  if (operand.kind === 'path') return [operand.path];
  return operand.kind === 'call' ? operand.operands.flatMap(operandPaths) : [];
}
