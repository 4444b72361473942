// Between the sandboxes and the cloud. Sending, applying and replying are three moments of every
// call, and the fault that a plan gives to a call strikes at one of them. The SDK's own retries are
// part of it: three attempts, the same request each time, ten seconds of patience.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Cloud } from '../../cloud/cloud.ts';
import { type Chance, chanceOf } from '../faults/chance.ts';
import type { CallFaultKind } from '../faults/fault-plan.ts';
import type { Sandbox } from './sandbox.ts';
import type { Scheduler } from './scheduler.ts';
import {
  answerOf,
  operationOf,
  type readableBody,
  type SdkAnswer,
  type SentCall,
  type ServiceOfEngine,
} from './sdk-answers.ts';

/** A call with its place among all calls of the run and who sent it. */
export interface TracedCall extends SentCall {
  readonly index: number;
  readonly sandbox: Sandbox;
}

export interface NetworkOptions {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly cloud: Cloud;
  /** The fault of a call that is about to be sent. */
  readonly faultOf: (call: TracedCall) => CallFaultKind | undefined;
  /** The fault of a call has its effect. */
  readonly onStruck: (kind: CallFaultKind, call: TracedCall) => void;
  /** Whether what the call is for is down at this moment. */
  readonly isDown: (call: TracedCall) => boolean;
  /** Sees every call at the moment code makes it. */
  readonly onSent: (call: TracedCall) => void;
  /** Sees every call at the moment it is applied. */
  readonly onApplied: (call: TracedCall, answer: SdkAnswer) => void;
  /** Percent of calls that take up to two seconds each way. */
  readonly slowPercent: number;
}

/** Attempts of the SDK, as the deployed clients are configured. */
const ATTEMPTS = 3;
const SDK_PATIENCE_MS = 10_000;
const LATENCY_MAX_MS = 20;
const SLOW_MS = 2_000;
/** Faults of every attempt. */
const LASTING: ReadonlySet<CallFaultKind | undefined> = new Set(['refuse', 'fail-after'] as const);

export class Network {
  callCount = 0;
  private readonly abortable = new WeakMap<AbortSignal, Request[]>();
  private readonly options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.options = options;
  }

  /** The SDK's clients for one sandbox. */
  clientsOf(sandbox: Sandbox) {
    const clientOf = (service: ServiceOfEngine) => ({
      send: (
        command: { readonly input: object },
        options: { readonly abortSignal?: AbortSignal } = {},
      ) =>
        new Promise<object>((resolve, reject) => {
          const input = command.input as SentCall['input'];
          const call = { service, operation: operationOf(command), input, sandbox };
          this.send(call, { resolve, reject, abortSignal: options.abortSignal });
        }),
    });
    return {
      dynamodb: clientOf('dynamodb') as unknown as DynamoDBClient,
      s3: clientOf('s3') as unknown as S3Client,
      kinesis: clientOf('kinesis') as unknown as KinesisClient,
    };
  }

  private send(sent: Omit<TracedCall, 'index'>, promise: PendingPromise): void {
    if (sent.sandbox.isDead) return;
    const call: TracedCall = { ...sent, index: this.callCount };
    this.callCount += 1;
    this.options.onSent(call);
    const { abortSignal } = promise;
    if (abortSignal?.aborted === true) {
      promise.reject(sdkError('AbortError'));
      return;
    }
    const request = new Request(this.options, call, promise);
    if (abortSignal !== undefined) this.requestsOf(abortSignal).push(request);
    request.start();
  }

  /** The requests that a signal ends; one listener serves them all. */
  private requestsOf(abortSignal: AbortSignal): Request[] {
    const known = this.abortable.get(abortSignal);
    if (known !== undefined) return known;
    const requests: Request[] = [];
    this.abortable.set(abortSignal, requests);
    abortSignal.addEventListener('abort', () => {
      for (const request of requests) request.finish(sdkError('AbortError'));
    });
    return requests;
  }
}

interface PendingPromise {
  readonly resolve: (output: object) => void;
  readonly reject: (error: Error) => void;
  readonly abortSignal: AbortSignal | undefined;
}

/** One call under way, through all attempts of the SDK. */
class Request {
  private readonly options: NetworkOptions;
  private readonly call: TracedCall;
  private readonly promise: PendingPromise;
  private readonly fault: CallFaultKind | undefined;
  private readonly chance: Chance;
  private done = false;
  private hasStruck = false;

  constructor(options: NetworkOptions, call: TracedCall, promise: PendingPromise) {
    this.options = options;
    this.call = call;
    this.promise = promise;
    this.fault = options.faultOf(call);
    this.chance = chanceOf(options.seed, 'call', call.index);
  }

  start(): void {
    const { sandbox } = this.call;
    switch (this.fault) {
      case 'crash-before':
        this.die();
        return;
      case 'crash-late':
        this.die();
        this.options.scheduler.after(longDelay(this.chance), () => void this.apply());
        return;
      case 'freeze-before':
        if (sandbox.freeze(longDelay(this.chance))) this.struck();
        sandbox.receive(() => this.attempt(1));
        return;
      default:
        this.attempt(1);
    }
  }

  /** Ends the call for the code that waits for it; what is under way goes on. */
  finish(answer: object): void {
    if (this.done) return;
    this.done = true;
    if (answer instanceof Error) this.promise.reject(answer);
    else this.promise.resolve(answer);
    if (this.fault === 'crash-reply') this.options.scheduler.after(0, () => this.die());
  }

  private attempt(number: number): void {
    if (this.done) return;
    const { scheduler } = this.options;
    const { sandbox } = this.call;
    if (this.fault === 'hold' && number === 1) {
      this.struck();
      scheduler.after(SDK_PATIENCE_MS + longDelay(this.chance), () => void this.apply());
      scheduler.after(SDK_PATIENCE_MS, () => sandbox.receive(() => this.attempt(2)));
      return;
    }
    scheduler.after(this.latency(), () => {
      if (this.fault === 'deny') {
        this.later(() => this.denied());
        return;
      }
      const isDown = this.options.isDown(this.call);
      if (isDown || this.isRefused(number)) {
        this.later(() => this.retry(number, sdkError('ThrottlingException'), !isDown));
        return;
      }
      const answer = this.apply();
      if (this.fault === 'crash-after') this.die();
      if (this.fault === 'freeze-after' && sandbox.freeze(longDelay(this.chance))) this.struck();
      const isLost = this.fault === 'fail-after' || (this.fault === 'lose-reply' && number === 1);
      this.later(() => {
        if (isLost) this.retry(number, sdkError('TimeoutError'), true);
        else this.finish(answer.kind === 'error' ? answer.error : this.received(answer.output));
      });
    });
  }

  /** @param byFault whether it is the fault of this call that an attempt failed */
  private retry(number: number, error: Error, byFault: boolean): void {
    // `refuse` and `fail-after` have their effect when the error reaches the code, the others at once.
    const isWhole = number === ATTEMPTS || !LASTING.has(this.fault);
    if (byFault && isWhole && !this.done) this.struck();
    if (number === ATTEMPTS) {
      this.finish(error);
      return;
    }
    const backoffMs = this.chance.below(100 * 2 ** number);
    const { scheduler } = this.options;
    scheduler.after(backoffMs, () => this.call.sandbox.receive(() => this.attempt(number + 1)));
  }

  private apply(): SdkAnswer {
    const { cloud, scheduler, onApplied } = this.options;
    const { service } = this.call;
    const model = {
      call: (operation: string, input: object) =>
        cloud.call(service, operation, input, scheduler.nowMs),
    };
    const answer = answerOf(model, this.call, scheduler.nowMs);
    onApplied(this.call, answer);
    return answer;
  }

  /** After the reply's way back, unless the sandbox hears nothing any more. */
  private later(happen: () => void): void {
    const { scheduler } = this.options;
    scheduler.after(this.latency(), () => this.call.sandbox.receive(happen));
  }

  private isRefused(number: number): boolean {
    return this.fault === 'refuse' || (this.fault === 'throttle' && number === 1);
  }

  private denied(): void {
    if (this.done) return;
    this.call.sandbox.isDenied = true;
    this.struck();
    this.finish(sdkError('AccessDeniedException'));
  }

  private received(output: object): object {
    if (this.fault !== 'damage' || this.call.operation !== 'GetObject') return output;
    const { Body: body } = output as { Body: ReturnType<typeof readableBody> };
    const other = this.chance.percent(33) ? this.otherObject() : undefined;
    const damage = other === undefined ? damageBy(this.chance) : () => other;
    const transformToByteArray = async () => {
      const stored = await body.transformToByteArray();
      const bytes = damage(stored);
      if (Buffer.compare(bytes, stored) !== 0) {
        this.call.sandbox.damagedKeys.add(String(this.call.input['Key']));
        this.struck();
      }
      return bytes;
    };
    return { ...output, Body: { transformToByteArray } };
  }

  private die(): void {
    if (this.call.sandbox.die()) this.struck();
  }

  private struck(): void {
    if (this.hasStruck || this.fault === undefined) return;
    this.hasStruck = true;
    this.options.onStruck(this.fault, this.call);
  }

  /** The bytes of another object of the same kind: another shard's, or an older generation. */
  private otherObject(): Uint8Array | undefined {
    const { cloud, scheduler } = this.options;
    const { Bucket, Key } = this.call.input as { Bucket: string; Key: string };
    const Prefix = Key.slice(0, Key.indexOf('/') + 1);
    const listing = cloud.call('s3', 'ListObjectsV2', { Bucket, Prefix }, scheduler.nowMs);
    const { Contents: contents = [] } = listing as { Contents?: { Key: string }[] };
    const others = contents.filter((object) => object.Key !== Key);
    if (others.length === 0) return undefined;
    const other = { Bucket, Key: this.chance.pick(others).Key };
    const stored = cloud.call('s3', 'GetObject', other, scheduler.nowMs);
    return (stored as { Body: Uint8Array }).Body;
  }

  private latency(): number {
    const { slowPercent } = this.options;
    return this.chance.percent(slowPercent)
      ? this.chance.between(LATENCY_MAX_MS, SLOW_MS)
      : this.chance.between(1, LATENCY_MAX_MS);
  }
}

/** Half a second to a minute, and now and then hours. */
function longDelay(chance: Chance): number {
  return chance.percent(70) ? chance.between(500, 60_000) : chance.between(60_000, 4 * 3_600_000);
}

/** An object as a failing disk or a wrong hand leaves it. */
function damageBy(chance: Chance): (stored: Uint8Array) => Uint8Array {
  const kind = chance.pick(['empty', 'truncated', 'bit', 'digit'] as const);
  const place = chance.below(2 ** 31);
  return (stored) => {
    const bytes = Uint8Array.from(stored);
    if (bytes.length === 0 || kind === 'empty') return new Uint8Array();
    if (kind === 'truncated') return bytes.subarray(0, place % bytes.length);
    if (kind === 'digit') return otherDigit(bytes, place);
    bytes[place % bytes.length]! ^= 1 << (place % 8);
    return bytes;
  };
}

/** Valid-looking damage: one digit is another one; bytes without a digit lose a bit. */
function otherDigit(bytes: Uint8Array, place: number): Uint8Array {
  for (let step = 0; step < bytes.length; step += 1) {
    const index = (place + step) % bytes.length;
    const digit = bytes[index]! - 48;
    if (digit < 0 || digit > 9) continue;
    bytes[index] = 48 + ((digit + 1 + (place % 9)) % 10);
    return bytes;
  }
  bytes[place % bytes.length]! ^= 1;
  return bytes;
}

const sdkError = (name: string) =>
  Object.assign(new Error(`injected: ${name}`), { name, $metadata: {} });
