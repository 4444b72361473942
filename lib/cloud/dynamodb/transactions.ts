// TransactWriteItems and TransactGetItems: all or nothing, at one moment.

import { createHash } from 'node:crypto';
import { ServiceError } from '../service.ts';
import { renderItem } from './attribute-value.ts';
import { addUnits, refuseDuplicates } from './batch-operations.ts';
import { consumedByTable, readUnits, writeUnits } from './capacity.ts';
import { itemBytes } from './item-size.ts';
import {
  applyWrite,
  decideWrite,
  type PreparedWrite,
  prepareWrite,
  refusalOf,
  type WriteDecision,
  type WriteInput,
  type WriteKind,
} from './item-write.ts';
import { prepareRead, readItem, wanted } from './read-operations.ts';
import { validationError } from './refusals.ts';
import type { TransactGetRequest, TransactWriteRequest } from './requests.ts';
import type { Model } from './write-operations.ts';

const ACTIONS_MAX = 100;
/** "DynamoDB transactions": 4 MB of items. */
const TRANSACTION_BYTES_MAX = 4 * 1024 * 1024;
/** "TransactWriteItems": a client request token is remembered for ten minutes. */
const TOKEN_LIFETIME_MS = 10 * 60_000;
const WRITE_FACTOR = 2;

/** Transactions that carried a token, by the token: when, and the digest of what they asked for. */
export type TokenMemory = Map<string, { readonly atMs: number; readonly digest: string }>;

type Outcome =
  | { readonly kind: 'decided'; readonly decision: WriteDecision }
  | { readonly kind: 'invalid'; readonly message: string };

interface CancellationReason {
  readonly Code: string;
  readonly Message?: string;
}

export function transactWriteItems(
  model: Model & { readonly tokens: TokenMemory },
  input: TransactWriteRequest,
  nowMs: number,
): object {
  const actions = input.TransactItems ?? [];
  requireActions(actions.length);
  const writes = actions.map((action) => prepareAction(model, action));
  refuseDuplicates(writes, 'Transaction request cannot include multiple operations on one item');
  requireBytes(writes.reduce((sum, { given }) => sum + itemBytes(given), 0));
  const { repeated, remember } = recall(model.tokens, input, nowMs);
  const units = new Map<string, number>();
  if (repeated) {
    for (const { table, place } of writes) {
      const stored = table.read(place, nowMs);
      addUnits(units, table.definition.name, readUnits(stored?.bytes ?? 0, 'transactional'));
    }
    return consumedByTable(input.ReturnConsumedCapacity, units);
  }
  const decisions = decideAll(writes, nowMs);
  for (const [index, write] of writes.entries()) {
    const after = applyWrite(write, decisions[index]!, nowMs);
    const count = writeUnits(decisions[index]!.before, after, WRITE_FACTOR);
    addUnits(units, write.table.definition.name, count);
  }
  remember();
  return consumedByTable(input.ReturnConsumedCapacity, units);
}

export function transactGetItems(model: Model, input: TransactGetRequest, nowMs: number): object {
  const actions = input.TransactItems ?? [];
  requireActions(actions.length);
  const reads = actions.map(({ Get }) => prepareRead(model, Get ?? {}));
  const units = new Map<string, number>();
  let bytes = 0;
  const responses = reads.map((read) => {
    const stored = readItem(read, 'transactional', nowMs);
    bytes += stored?.bytes ?? 0;
    addUnits(units, read.table.definition.name, readUnits(stored?.bytes ?? 0, 'transactional'));
    return stored === undefined ? {} : { Item: renderItem(wanted(stored.item, read.paths)) };
  });
  requireBytes(bytes);
  return { Responses: responses, ...consumedByTable(input.ReturnConsumedCapacity, units) };
}

function prepareAction(
  model: Model,
  action: NonNullable<TransactWriteRequest['TransactItems']>[number],
): PreparedWrite {
  const { Put, Update, Delete, ConditionCheck } = action;
  const given: [WriteKind, WriteInput | undefined][] = [
    ['put', Put],
    ['update', Update],
    ['delete', Delete],
    ['check', ConditionCheck],
  ];
  const [first, more] = given.filter(([, input]) => input !== undefined);
  if (first === undefined || more !== undefined) {
    throw validationError('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  return prepareWrite(model, first[0], first[1]!);
}

function decideAll(
  writes: readonly PreparedWrite[],
  nowMs: number,
): readonly Extract<WriteDecision, { kind: 'apply' }>[] {
  const outcomes = writes.map((write) => outcomeOf(write, nowMs));
  const applied = outcomes.flatMap((outcome) =>
    outcome.kind === 'decided' && outcome.decision.kind === 'apply' ? [outcome.decision] : [],
  );
  if (applied.length === writes.length) return applied;
  const reasons = outcomes.map((outcome, index) => reasonOf(writes[index]!, outcome));
  throw new ServiceError(
    'TransactionCanceledException',
    'Transaction cancelled, please refer cancellation reasons for specific reasons ' +
      `[${reasons.map(({ Code }) => Code).join(', ')}]`,
    { fields: { CancellationReasons: reasons } },
  );
}

function outcomeOf(write: PreparedWrite, nowMs: number): Outcome {
  try {
    return { kind: 'decided', decision: decideWrite(write, nowMs) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { kind: 'invalid', message: error.message };
  }
}

function reasonOf(write: PreparedWrite, outcome: Outcome): CancellationReason {
  if (outcome.kind === 'invalid') return { Code: 'ValidationError', Message: outcome.message };
  if (outcome.decision.kind === 'apply') return { Code: 'None' };
  const { code, message, item } = refusalOf(write, outcome.decision);
  return { Code: code, Message: message, ...item };
}

/** Whether a transaction of this token was already done; another one under it is refused. */
function recall(
  tokens: TokenMemory,
  { ClientRequestToken: token, TransactItems }: TransactWriteRequest,
  nowMs: number,
): { readonly repeated: boolean; readonly remember: () => void } {
  if (token === undefined) return { repeated: false, remember: () => undefined };
  for (const [known, { atMs }] of tokens) {
    if (atMs > nowMs - TOKEN_LIFETIME_MS) break;
    tokens.delete(known);
  }
  const digest = createHash('sha256').update(JSON.stringify(TransactItems)).digest('hex');
  const known = tokens.get(token);
  if (known !== undefined && known.digest !== digest) {
    throw new ServiceError(
      'IdempotentParameterMismatchException',
      'The provided client request token was already used with other parameters',
    );
  }
  return {
    repeated: known !== undefined,
    remember: () => tokens.set(token, { atMs: nowMs, digest }),
  };
}

function requireActions(count: number): void {
  if (count >= 1 && count <= ACTIONS_MAX) return;
  throw validationError(
    "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: " +
      `Member must have length ${count === 0 ? 'greater than or equal to 1' : `less than or equal to ${ACTIONS_MAX}`}`,
  );
}

function requireBytes(bytes: number): void {
  if (bytes <= TRANSACTION_BYTES_MAX) return;
  throw validationError('Transaction request exceeds the maximum size of 4 MB');
}
