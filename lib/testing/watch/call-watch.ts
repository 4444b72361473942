// Watches what an invocation asks of the services, at the moment it is sent: a sandbox that holds the
// state of a shard does not read it again, every recovery has a reason that can be seen from outside,
// and the calls of an invocation stay within what its recoveries and its commits explain.

import { LOG_TABLE } from '../world/deployment.ts';
import type { TracedCall } from '../world/network.ts';
import type { SdkAnswer } from '../world/sdk-answers.ts';
import type { ReportViolation } from './journal.ts';
import { ENGINE_BUCKET } from './sink-watch.ts';

export interface CallWatchPorts {
  readonly report: ReportViolation;
  /** Number of the newest commit of a log, by the last part of its id; 0 when there is none. */
  readonly headOf: (reader: string) => number;
  /** Slots of that log up to this batch number may be written over. */
  readonly coveredTo: (reader: string) => number;
  readonly ringSize: number;
  /** Whether a cold start may find shards in the log that it has not listed, and list them again. */
  readonly listsAgain: boolean;
  /** Whether a sandbox keeps the states of all its logs; else that of the last one only. */
  readonly keepsAll: boolean;
}

/** What a sandbox has done since it was handed its last batch. */
interface Delivery {
  /** The shard, or `*` where all shards share a log. */
  readonly reader: string;
  /** As positions name it. */
  readonly shard: string;
  /** Shards whose records its state of the log had taken before; `undefined`: it held none. */
  readonly begun: ReadonlySet<string> | undefined;
  /** Whether it had to free a slot before its first commit, or to look for a note of the shard. */
  mayRead: boolean;
  /** How often the shards of each stream were listed, as each cold start does. */
  readonly listings: Map<unknown, number>;
  appends: number;
  refusals: number;
  /** Times the stream itself was asked what follows the head. */
  looks: number;
  /** Calls to the log, to the engine's bucket and to the stream. */
  calls: number;
}

interface Process {
  delivery: Delivery;
  /** The logs whose states it holds, each with the shards whose records that state has taken. */
  readonly held: Map<string, ReadonlySet<string>>;
  /** How far each log's slots were free when the sandbox last asked. */
  readonly covered: Map<string, number>;
}

/**
 * Calls that one recovery or one commit may take: pointer, shards, stream, both manifests, segments,
 * pages, a note and its taking back, staged outputs, and a fold with two copies that are read again.
 */
const CALLS_PER_ROUND = 40;
/** Each slot may name a body of its own, and a fold reads the log once more. */
const CALLS_PER_SLOT = 2;

export class CallWatch {
  private readonly ports: CallWatchPorts;
  private readonly processes = new Map<number, Process>();

  constructor(ports: CallWatchPorts) {
    this.ports = ports;
  }

  /** A sandbox was handed a batch for a log. */
  delivered(sandboxId: number, reader: string, shard: string): void {
    const { held, covered } = this.processes.get(sandboxId) ?? NEW_PROCESS();
    const counts = { listings: new Map(), appends: 0, refusals: 0, looks: 0, calls: 0 };
    const begun = held.get(reader);
    // Where shards share a log, each has a note of its own that only its first batch looks for.
    const mayRead = reader === '*' && begun?.has(shard) !== true;
    const delivery = { reader, shard, begun, mayRead, ...counts };
    // Whatever fails from here on drops the state.
    held.delete(reader);
    this.processes.set(sandboxId, { delivery, held, covered });
  }

  /** Its task returned, so that the state of the shard is warm from now on. */
  returned(sandboxId: number): void {
    const { delivery, held } = this.processes.get(sandboxId)!;
    const { reader, shard, listings, appends } = delivery;
    const begun = listings.size > 0 ? [] : (delivery.begun ?? []);
    if (!this.ports.keepsAll) held.clear();
    held.set(reader, new Set(appends > 0 ? [...begun, shard] : begun));
  }

  sent({ sandbox, operation, input }: TracedCall): void {
    const process = this.processes.get(sandbox.id);
    if (process === undefined || !isOfEngine(operation, input)) return;
    const { delivery } = process;
    if (isRead(operation)) this.checkRead(process);
    if (operation === 'PutItem') delivery.appends += 1;
    if (operation === 'GetShardIterator') delivery.looks += 1;
    if (operation === 'ListShards') this.countListing(delivery, input['StreamARN']);
    if (operation === 'GetItem' && logIn(input).endsWith(`/${delivery.reader}`)) {
      process.covered.set(delivery.reader, this.ports.coveredTo(delivery.reader));
    }
    this.countCall(delivery);
  }

  applied({ sandbox, operation, input }: TracedCall, answer: SdkAnswer): void {
    const delivery = this.processes.get(sandbox.id)?.delivery;
    if (delivery === undefined || operation !== 'PutItem' || input['TableName'] !== LOG_TABLE)
      return;
    if (answer.kind === 'error') delivery.refusals += 1;
  }

  /** What a warm sandbox needs for its first commit it knows, unless the slot has to be freed. */
  private checkRead({ delivery, covered }: Process): void {
    const { report, headOf, ringSize } = this.ports;
    const { reader, begun, appends, looks } = delivery;
    if (begun === undefined || appends > 0 || looks > 0 || delivery.mayRead) return;
    delivery.mayRead = headOf(reader) + 1 - ringSize > (covered.get(reader) ?? 0);
    if (delivery.mayRead) return;
    report('I11', `${reader}: a warm sandbox read before it committed`);
  }

  private countListing(delivery: Delivery, streamArn: unknown): void {
    const { reader, begun, refusals, looks, listings } = delivery;
    // A further page of a listing names no stream.
    if (streamArn === undefined) return;
    listings.set(streamArn, (listings.get(streamArn) ?? 0) + 1);
    // It has no state, was refused by a later lap, or saw a gap that only the log can explain.
    const reasons = (begun === undefined ? 1 : 0) + refusals + Math.min(looks, 1);
    const count = coldStartsOf(delivery);
    if (count <= reasons * (this.ports.listsAgain ? 2 : 1)) return;
    this.ports.report('I11', `${reader}: a sandbox recovered ${count} times`);
  }

  private countCall(delivery: Delivery): void {
    const { report, ringSize } = this.ports;
    const { reader, appends } = delivery;
    delivery.calls += 1;
    const rounds = 1 + coldStartsOf(delivery) + appends;
    if (delivery.calls !== 1 + rounds * (CALLS_PER_ROUND + CALLS_PER_SLOT * ringSize)) return;
    report('I11', `${reader}: ${delivery.calls} calls in one invocation of ${appends} commits`);
  }
}

const coldStartsOf = ({ listings }: Delivery) => Math.max(0, ...listings.values());

const NEW_PROCESS = (): Pick<Process, 'held' | 'covered'> => ({
  held: new Map(),
  covered: new Map(),
});

/** Not the sinks', whose calls are as many as there are rows, and not those of user code. */
const isOfEngine = (operation: string, input: TracedCall['input']): boolean =>
  input['TableName'] === LOG_TABLE || input['Bucket'] === ENGINE_BUCKET || STREAM.has(operation);

const STREAM: ReadonlySet<string> = new Set([
  'DescribeStreamSummary',
  'ListShards',
  'GetShardIterator',
  'GetRecords',
]);

const logIn = (input: TracedCall['input']): string =>
  (input['Key'] as { readonly pk: { readonly S: string } }).pk.S;

const isRead = (operation: string): boolean =>
  operation === 'GetItem' || operation === 'Query' || operation === 'GetObject';
