// The services of one account and region put together. Time comes in with every call; nothing here
// waits, runs functions or does I/O, so the same calls give the same cloud, in a simulation, when a
// journal is replayed, and behind HTTP.

import { createDynamoDb } from './dynamodb/dynamodb.ts';
import { createKinesis } from './kinesis/kinesis.ts';
import type { Discarded } from './lambda/discarded.ts';
import type { FunctionVersion } from './lambda/functions.ts';
import type { Invocation, Outcome } from './lambda/invocation.ts';
import { createLambda } from './lambda/lambda.ts';
import { createS3 } from './s3/s3.ts';
import { createEvents } from './schedule/events.ts';
import { ServiceError, type ServiceModel } from './service.ts';

export interface CloudOptions {
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default '000000000000' */
  readonly accountId?: string;
  /** Enforce the throughput of shards. Sizes are always enforced. @default false */
  readonly rates?: boolean;
  /** @default 1 */
  readonly seed?: number;
  /** Whether a retry of a batch may end elsewhere than the first delivery did. @default 'same' */
  readonly retryBoundaries?: 'same' | 'varied';
  /** The longest wait between two deliveries of a failing batch, in milliseconds. @default 30000 */
  readonly retryDelayMaxMs?: number;
  /**
   * How far an eventually consistent read of DynamoDB lags behind, in milliseconds.
   * @default every read is up to date
   */
  readonly readLagMs?: (nowMs: number) => number;
}

export type ServiceName = 'kinesis' | 'dynamodb' | 's3' | 'lambda' | 'events';

/** A document that a mapping sent to a queue or topic when it gave records up. */
interface SentMessage {
  readonly destination: string;
  readonly body: string;
  readonly sentMs: number;
}

export interface Cloud {
  readonly region: string;
  readonly accountId: string;
  /** One request, as in `ServiceModel`; throws ServiceError for a refusal. */
  call(service: ServiceName, operation: string, input: object, nowMs: number): object;
  /**
   * Functions to invoke now, by mappings, schedules and asynchronous invocations. Each has to be
   * settled. A call that answers with none has changed nothing that a later call would not.
   */
  due(nowMs: number): readonly Invocation[];
  /** Takes how an invocation ended; one that is no longer known changes nothing. */
  settle(invocationId: string, outcome: Outcome, nowMs: number): void;
  /** When `due` will next have something if nothing else is called; `null`: never. */
  nextDueMs(nowMs: number): number | null;
  /** Puts back everything under way, as when all sandboxes died with their host. */
  abandon(): void;
  /** The version that a function's name or ARN stands for now, with its code. */
  target(functionName: string, qualifier?: string): FunctionVersion;
  /** What mappings sent to queues and topics, oldest first. */
  sentMessages(destination: string): readonly SentMessage[];
  /** Everything as structured-clonable data; invocations under way are not part of it. */
  dump(): unknown;
  /** Takes what `dump` gave. */
  load(state: unknown): void;
}

/** Messages kept for a look; nobody receives them here. */
const SENT_MESSAGES_MAX = 10_000;

/** An account with empty services. */
export function createCloud(options: CloudOptions = {}): Cloud {
  const region = options.region ?? 'us-east-1';
  const accountId = options.accountId ?? '000000000000';
  const place = { region, accountId };
  const seed = options.seed ?? 1;
  const kinesis = createKinesis({ ...place, seed, rates: options.rates ?? false });
  const { readLagMs } = options;
  const dynamodb = createDynamoDb({ ...place, ...(readLagMs !== undefined && { readLagMs }) });
  const s3 = createS3(place);
  const events = createEvents({ ...place, seed });
  let sent: SentMessage[] = [];
  const lambda = createLambda({
    ...place,
    seed,
    retryBoundaries: options.retryBoundaries ?? 'same',
    retryDelayMaxMs: options.retryDelayMaxMs ?? 30_000,
    stream: (streamArn, nowMs) => kinesis.stream(streamArn, nowMs),
    discard: (discarded, nowMs) => deliverDiscarded(discarded, nowMs),
  });
  const services: Readonly<Record<ServiceName, ServiceModel>> = {
    kinesis,
    dynamodb,
    s3,
    lambda,
    events,
  };

  function deliverDiscarded({ destination, key, body }: Discarded, nowMs: number): void {
    const bucket = /^arn:aws:s3:::(.+)$/.exec(destination)?.[1];
    if (bucket === undefined) {
      sent = [...sent.slice(1 - SENT_MESSAGES_MAX), { destination, body, sentMs: nowMs }];
      return;
    }
    const object = { Bucket: bucket, Key: key, Body: Buffer.from(body) };
    s3.call('PutObject', { ...object, ContentType: 'application/json' }, { nowMs });
  }

  /** EventBridge invokes its targets asynchronously; a target that is gone is a lost event. */
  function fireSchedules(nowMs: number): void {
    for (const { targetArn, payload } of events.due(nowMs)) {
      const input = { FunctionName: targetArn, InvocationType: 'Event' };
      try {
        lambda.call('Invoke', { ...input, Payload: Buffer.from(payload) }, { nowMs });
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
      }
    }
  }

  return {
    region,
    accountId,
    call: (service, operation, input, nowMs) => services[service].call(operation, input, { nowMs }),
    due(nowMs) {
      fireSchedules(nowMs);
      return lambda.due(nowMs);
    },
    settle: (invocationId, outcome, nowMs) => lambda.settle(invocationId, outcome, nowMs),
    nextDueMs(nowMs) {
      const times = [events.nextDueMs(), lambda.nextDueMs(nowMs)].filter((time) => time !== null);
      return times.length === 0 ? null : Math.min(...times);
    },
    abandon: () => lambda.abandon(),
    target: (functionName, qualifier) => lambda.target(functionName, qualifier),
    sentMessages: (destination) => sent.filter((message) => message.destination === destination),
    dump: () => ({
      kinesis: kinesis.dump(),
      dynamodb: dynamodb.dump(),
      s3: s3.dump(),
      events: events.dump(),
      lambda: lambda.dump(),
      sent,
    }),
    load(state) {
      const dumped = state as CloudState;
      kinesis.load(dumped.kinesis);
      dynamodb.load(dumped.dynamodb);
      s3.load(dumped.s3);
      events.load(dumped.events);
      lambda.load(dumped.lambda);
      sent = [...dumped.sent];
    },
  };
}

interface CloudState {
  readonly kinesis: Parameters<ReturnType<typeof createKinesis>['load']>[0];
  readonly dynamodb: Parameters<ReturnType<typeof createDynamoDb>['load']>[0];
  readonly s3: Parameters<ReturnType<typeof createS3>['load']>[0];
  readonly events: Parameters<ReturnType<typeof createEvents>['load']>[0];
  readonly lambda: Parameters<ReturnType<typeof createLambda>['load']>[0];
  readonly sent: readonly SentMessage[];
}
