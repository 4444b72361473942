import { createSeeded } from '../seeded.ts';
import { type CallContext, ServiceError, type ServiceModel } from '../service.ts';
import type { LambdaAccount, LambdaSurroundings } from './account.ts';
import { nextDueOf, settleItem, takeDue } from './async-queue.ts';
import * as functionOperations from './function-operations.ts';
import { type FunctionVersion, parseFunctionReference, resolveVersion } from './functions.ts';
import type { Invocation, Outcome } from './invocation.ts';
import * as mappingOperations from './mapping-operations.ts';
import { dumpLambda, type LambdaState, loadLambda } from './state.ts';
import {
  nextBatchMs,
  presentFlight,
  type StreamFlight,
  settleBatch,
  startBatches,
} from './stream-invocations.ts';

export interface LambdaOptions extends Pick<LambdaSurroundings, 'stream' | 'discard'> {
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default '000000000000' */
  readonly accountId?: string;
  /** Names ids and, with `varied`, cuts retries. @default 1 */
  readonly seed?: number;
  /** Whether a retry of a batch may end elsewhere, which the service does not rule out. @default 'same' */
  readonly retryBoundaries?: 'same' | 'varied';
  /** Retries of a batch wait 200 ms, twice as long each time, and never longer than this. @default 30000 */
  readonly retryDelayMaxMs?: number;
}

/**
 * The model of Lambda: functions, versions, aliases and event source mappings. It runs nothing and
 * waits for nothing: `due` says what to invoke now, `settle` takes how it ended.
 */
export interface Lambda extends ServiceModel {
  /** Invocations to start now; each has to be settled. */
  due(nowMs: number): readonly Invocation[];
  /** Takes how an invocation ended; one that is no longer known changes nothing. */
  settle(invocationId: string, outcome: Outcome, nowMs: number): void;
  /** When `due` will next have something, if nothing else happens; `null`: never. */
  nextDueMs(nowMs: number): number | null;
  /** Puts back everything under way, as when all sandboxes died with their host. */
  abandon(): void;
  /** The version that a name or ARN stands for now, with its code; throws ResourceNotFoundException. */
  target(functionName: string, qualifier?: string): FunctionVersion;
  dump(): LambdaState;
  /** Takes a dump; invocations under way are not part of it. */
  load(state: LambdaState): void;
}

// biome-ignore lint/suspicious/noExplicitAny: one table holds operations of many input types
type Operation = (account: LambdaAccount, input: any, context: CallContext) => object;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateFunction: functionOperations.createFunction,
  GetFunction: functionOperations.getFunction,
  GetFunctionConfiguration: functionOperations.getFunctionConfiguration,
  ListFunctions: functionOperations.listFunctions,
  DeleteFunction: functionOperations.deleteFunction,
  UpdateFunctionCode: functionOperations.updateFunctionCode,
  UpdateFunctionConfiguration: functionOperations.updateFunctionConfiguration,
  PublishVersion: functionOperations.publishVersion,
  ListVersionsByFunction: functionOperations.listVersions,
  CreateAlias: functionOperations.createAlias,
  GetAlias: functionOperations.getAlias,
  UpdateAlias: functionOperations.updateAlias,
  DeleteAlias: functionOperations.deleteAlias,
  ListAliases: functionOperations.listAliases,
  CreateEventSourceMapping: mappingOperations.createMapping,
  GetEventSourceMapping: mappingOperations.getMapping,
  UpdateEventSourceMapping: mappingOperations.updateMapping,
  DeleteEventSourceMapping: mappingOperations.deleteMapping,
  ListEventSourceMappings: mappingOperations.listMappings,
  Invoke: invoke,
};

export function createLambda(options: LambdaOptions): Lambda {
  const surroundings: LambdaSurroundings = {
    region: options.region ?? 'us-east-1',
    accountId: options.accountId ?? '000000000000',
    retryBoundaries: options.retryBoundaries ?? 'same',
    retryDelayMaxMs: options.retryDelayMaxMs ?? 30_000,
    stream: options.stream,
    discard: options.discard,
  };
  let account: LambdaAccount = {
    ...surroundings,
    seeded: createSeeded(options.seed ?? 1),
    seededDiscards: createSeeded(~(options.seed ?? 1)),
    functions: new Map(),
    lastVersions: new Map(),
    mappings: new Map(),
    queue: [],
  };
  let flights = new Map<string, StreamFlight>();
  return {
    call(operation, input, context) {
      const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
      if (run === undefined) {
        throw new ServiceError('UnknownOperationException', `Lambda has no ${operation} here.`, {
          statusCode: 404,
        });
      }
      return run(account, input, context);
    },
    due(nowMs) {
      const started = startBatches(account, nowMs);
      for (const flight of started) flights.set(flight.id, flight);
      return [...started.map(presentFlight), ...asyncInvocations(account, nowMs)];
    },
    settle(invocationId, outcome, nowMs) {
      const flight = flights.get(invocationId);
      if (flight === undefined) {
        settleItem(account.queue, invocationId, { kind: outcome.kind, nowMs });
        return;
      }
      flights.delete(invocationId);
      settleBatch(account, flight, { outcome, nowMs });
    },
    nextDueMs(nowMs) {
      const times = [nextBatchMs(account, nowMs), nextDueOf(account.queue)];
      const known = times.filter((time) => time !== null);
      return known.length === 0 ? null : Math.min(...known);
    },
    abandon() {
      account = loadLambda(dumpLambda(account), surroundings);
      flights = new Map();
    },
    target: (functionName, qualifier) =>
      resolveVersion(account.functions, parseFunctionReference(functionName, qualifier)),
    dump: () => dumpLambda(account),
    load(state) {
      account = loadLambda(state, surroundings);
      flights = new Map();
    },
  };
}

interface InvokeInput {
  readonly FunctionName?: string;
  readonly Qualifier?: string;
  readonly InvocationType?: string;
  readonly Payload?: Uint8Array;
}

/**
 * Keeps the books of `Invoke`: an `Event` is queued and comes out of `due`; for `RequestResponse`
 * the caller runs the function itself and adds `Payload` to this answer.
 */
function invoke(account: LambdaAccount, input: InvokeInput, { nowMs }: CallContext): object {
  const reference = parseFunctionReference(input.FunctionName, input.Qualifier);
  const target = resolveVersion(account.functions, reference);
  if (input.InvocationType === 'DryRun') return { StatusCode: 204 };
  if (input.InvocationType !== 'Event') {
    return { StatusCode: 200, ExecutedVersion: target.version };
  }
  const { arn } = account.functions.get(reference.name)!.latest;
  account.queue.push({
    id: account.seeded.uuid(),
    functionArn: reference.qualifier === null ? arn : `${arn}:${reference.qualifier}`,
    payload: input.Payload === undefined ? '{}' : Buffer.from(input.Payload).toString(),
    queuedMs: nowMs,
    failures: 0,
    notBeforeMs: nowMs,
    inFlight: false,
  });
  return { StatusCode: 202 };
}

function asyncInvocations(account: LambdaAccount, nowMs: number): Invocation[] {
  return takeDue(account.queue, nowMs).flatMap((item) => {
    const reference = parseFunctionReference(item.functionArn);
    if (!account.functions.has(reference.name)) {
      settleItem(account.queue, item.id, { kind: 'returned', nowMs });
      return [];
    }
    const target = resolveVersion(account.functions, reference);
    return [
      {
        id: item.id,
        functionName: target.functionName,
        functionArn: item.functionArn,
        version: target.version,
        trigger: { kind: 'async', attempt: item.failures + 1 },
        payload: () => item.payload,
      },
    ];
  });
}
