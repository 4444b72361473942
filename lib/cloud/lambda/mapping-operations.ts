// The operations on event source mappings, in the SDK's shapes.

import type { CallContext } from '../service.ts';
import type { LambdaAccount } from './account.ts';
import { beginShards } from './delivery.ts';
import { parseFunctionReference, resolveVersion } from './functions.ts';
import {
  assertUnmapped,
  type Mapping,
  type MappingInput,
  presentMapping,
  settingsOf,
  startOf,
} from './mapping.ts';
import { invalidParameter, notFound } from './refusals.ts';

export function createMapping(
  account: LambdaAccount,
  input: MappingInput,
  { nowMs }: CallContext,
): object {
  const functionArn = functionArnOf(account, input.FunctionName);
  const eventSourceArn = input.EventSourceArn ?? '';
  const streamArn = eventSourceArn.split('/consumer/')[0]!;
  const stream = account.stream(streamArn, nowMs);
  if (stream === undefined) {
    throw invalidParameter(`Stream not found: ${eventSourceArn}`);
  }
  assertUnmapped(account.mappings.values(), { functionArn, eventSourceArn });
  const start = startOf(input, nowMs);
  const settings = settingsOf(input, functionArn);
  // The id is drawn last: a refused call must leave no trace, not even in the sequence of ids.
  const mapping: Mapping = {
    id: account.seeded.uuid(),
    eventSourceArn,
    streamArn,
    startingPosition: start.position,
    startingTimestampMs: start.timestampMs,
    settings,
    lastModifiedMs: nowMs,
    lastResult: 'No records processed',
    streamCreatedMs: stream.createdMs,
    shards: [],
  };
  beginShards(mapping, stream, nowMs);
  account.mappings.set(mapping.id, mapping);
  return presentMapping(mapping, 'Creating');
}

export function updateMapping(
  account: LambdaAccount,
  input: MappingInput & { readonly UUID?: string },
  { nowMs }: CallContext,
): object {
  const mapping = mappingOf(account, input.UUID);
  const functionArn =
    input.FunctionName === undefined
      ? mapping.settings.functionArn
      : functionArnOf(account, input.FunctionName);
  mapping.settings = settingsOf(input, functionArn, mapping.settings);
  mapping.lastModifiedMs = nowMs;
  return presentMapping(mapping, 'Updating');
}

export function getMapping(account: LambdaAccount, input: { readonly UUID?: string }): object {
  return presentMapping(mappingOf(account, input.UUID));
}

export function deleteMapping(account: LambdaAccount, input: { readonly UUID?: string }): object {
  const mapping = mappingOf(account, input.UUID);
  account.mappings.delete(mapping.id);
  return presentMapping(mapping, 'Deleting');
}

export function listMappings(
  account: LambdaAccount,
  input: { readonly EventSourceArn?: string; readonly FunctionName?: string },
): object {
  const named =
    input.FunctionName === undefined ? undefined : functionArnOf(account, input.FunctionName);
  const mappings = [...account.mappings.values()].filter(
    (mapping) =>
      (input.EventSourceArn === undefined || mapping.eventSourceArn === input.EventSourceArn) &&
      (named === undefined || mapping.settings.functionArn === named),
  );
  return { EventSourceMappings: mappings.map((mapping) => presentMapping(mapping)) };
}

/** The ARN that a mapping invokes: with the qualifier as it was given, so that an alias may move. */
function functionArnOf(account: LambdaAccount, text: string | undefined): string {
  const reference = parseFunctionReference(text);
  resolveVersion(account.functions, reference);
  const { arn } = account.functions.get(reference.name)!.latest;
  return reference.qualifier === null ? arn : `${arn}:${reference.qualifier}`;
}

function mappingOf(account: LambdaAccount, id: string | undefined): Mapping {
  const mapping = account.mappings.get(id ?? '');
  if (mapping !== undefined) return mapping;
  throw notFound('The resource you requested does not exist.');
}
