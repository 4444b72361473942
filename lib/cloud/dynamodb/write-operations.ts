// PutItem, UpdateItem and DeleteItem.

import { renderItem } from './attribute-value.ts';
import { consumed, writeUnits } from './capacity.ts';
import type { Compiler } from './compile.ts';
import {
  applyWrite,
  conditionalCheckFailed,
  decideWrite,
  prepareWrite,
  type WriteDecision,
  type WriteKind,
} from './item-write.ts';
import { projectItem } from './projection.ts';
import { parameterError, validationError } from './refusals.ts';
import { type ItemWriteRequest, refuseNotModelled, requireOneOf } from './requests.ts';
import type { Tables } from './tables.ts';

/** The state that operations work on. */
export interface Model {
  readonly tables: Tables;
  readonly compiler: Compiler;
}

const RETURN_VALUES = ['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW'];

export function putItem(model: Model, input: ItemWriteRequest, nowMs: number): object {
  requireMember(input.Item, 'item');
  return writeItem(model, 'put', input, nowMs);
}

export function updateItem(model: Model, input: ItemWriteRequest, nowMs: number): object {
  requireMember(input.Key, 'key');
  return writeItem(model, 'update', input, nowMs);
}

export function deleteItem(model: Model, input: ItemWriteRequest, nowMs: number): object {
  requireMember(input.Key, 'key');
  return writeItem(model, 'delete', input, nowMs);
}

function writeItem(
  model: Model,
  kind: Exclude<WriteKind, 'check'>,
  input: ItemWriteRequest,
  nowMs: number,
): object {
  refuseNotModelled(input);
  const returned = input.ReturnValues ?? 'NONE';
  requireOneOf('returnValues', returned, RETURN_VALUES);
  if (kind !== 'update' && returned !== 'NONE' && returned !== 'ALL_OLD') {
    throw validationError('Return values set to invalid value');
  }
  const write = prepareWrite(model, kind, input);
  const decision = decideWrite(write, nowMs);
  if (decision.kind === 'refused') throw conditionalCheckFailed(write, decision);
  const after = applyWrite(write, decision, nowMs);
  return {
    ...returnedAttributes(returned, decision),
    ...consumed(
      input.ReturnConsumedCapacity,
      write.table.definition.name,
      writeUnits(decision.before, after),
    ),
  };
}

function returnedAttributes(
  returned: string,
  { before, after, paths }: Extract<WriteDecision, { kind: 'apply' }>,
): { readonly Attributes?: object } {
  if (returned === 'NONE') return {};
  const source = returned.endsWith('_OLD') ? before?.item : after;
  if (source === undefined) return {};
  const item = returned.startsWith('UPDATED_') ? projectItem(source, paths) : source;
  return item.size === 0 ? {} : { Attributes: renderItem(item) };
}

function requireMember(member: object | undefined, name: string): void {
  if (member !== undefined) return;
  throw parameterError(
    `Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}
