// The model of the cloud with a clock and, if there is a folder, a journal: what changes it is written
// down before anyone learns of it, and replayed through the same model at the next start.

import {
  type Cloud,
  type CloudOptions,
  createCloud,
  type ServiceName,
} from '../../lib/cloud/cloud.ts';
import type { FunctionVersion } from '../../lib/cloud/lambda/functions.ts';
import type { Invocation, Outcome } from '../../lib/cloud/lambda/invocation.ts';
import { ServiceError } from '../../lib/cloud/service.ts';
import { createStackStore, type StackFact, type StackStore } from './cloudformation/stack-store.ts';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { Refused } from './refused.ts';

export type RetryOptions = Pick<CloudOptions, 'retryDelayMaxMs' | 'retryBoundaries'>;

export interface DurableCloud {
  readonly region: string;
  readonly accountId: string;
  /** The folder for code, `undefined` without a data directory. */
  readonly codeDirectory: string | undefined;
  call(service: string, operation: string, input: object): object;
  due(): readonly Invocation[];
  settle(invocationId: string, outcome: Outcome): void;
  /** Milliseconds until `due` has something, 0 for now, `null` for never. */
  nextDueInMs(): number | null;
  target(functionName: string, qualifier?: string): FunctionVersion;
  readonly stacks: StackStore;
  /** The moment as the services see it. */
  now(): number;
  /** Runs `act` so that after a death of the process either all of its changes are there or none. */
  atomically<T>(act: () => T): T;
  close(): void;
}

/** What the journal holds. */
type Entry =
  | {
      readonly kind: 'call';
      readonly service: ServiceName;
      readonly operation: string;
      readonly input: object;
      readonly nowMs: number;
    }
  | { readonly kind: 'due'; readonly nowMs: number }
  | {
      readonly kind: 'settle';
      readonly invocationId: string;
      readonly outcome: Outcome;
      readonly nowMs: number;
    }
  /** The process had died: what was under way is begun again. */
  | { readonly kind: 'abandon'; readonly nowMs: number }
  | { readonly kind: 'stack-fact'; readonly fact: StackFact }
  /** Changes that only stand together. */
  | { readonly kind: 'together'; readonly entries: readonly Entry[] }
  | { readonly kind: 'dump'; readonly cloud: unknown; readonly stackFacts: readonly StackFact[] };

const SERVICES: ReadonlySet<string> = new Set<ServiceName>([
  'dynamodb',
  'events',
  'kinesis',
  'lambda',
  's3',
]);
const READS = /^(BatchGet|Describe|Get|Head|List|Query|Scan|SubscribeToShard|TransactGet)/;

/** @throws Refused when the folder cannot be used */
export function openDurableCloud(options: {
  readonly rates: boolean;
  readonly dataDirectory: string | undefined;
  readonly retries: RetryOptions;
}): DurableCloud {
  const cloud = createCloud({ rates: options.rates, ...options.retries });
  const stacks = createStackStore();
  let lastMs = 0;
  /** Entries of an `atomically` that is not over. */
  let together: Entry[] | undefined;
  /** Never goes back, so that a corrected clock cannot reorder what was written down. */
  const now = () => {
    lastMs = Math.max(lastMs, Date.now());
    return lastMs;
  };
  const directory = openDirectory(options.dataDirectory, {
    replay(entry) {
      for (const one of entry.kind === 'together' ? entry.entries : [entry]) {
        if ('nowMs' in one) lastMs = one.nowMs;
        apply(one, cloud, stacks);
      }
    },
    dump: () => [{ kind: 'dump', cloud: cloud.dump(), stackFacts: stacks.dump() }],
  });
  const record = (entry: Entry) => {
    if (together === undefined) directory?.journal.append(entry);
    else together.push(entry);
  };
  const perform = (entry: Entry) => {
    const result = apply(entry, cloud, stacks);
    record(entry);
    return result;
  };
  if (directory !== undefined) perform({ kind: 'abandon', nowMs: now() });

  return {
    region: cloud.region,
    accountId: cloud.accountId,
    codeDirectory: directory?.codeDirectory,
    call(service, operation, input) {
      if (!isService(service)) {
        throw new ServiceError('UnknownOperationException', `there is no service ${service} here`);
      }
      const nowMs = now();
      const output = cloud.call(service, operation, input, nowMs);
      if (directory !== undefined && !READS.test(operation)) {
        record({ kind: 'call', service, operation, input, nowMs });
      }
      return output;
    },
    due() {
      const nowMs = now();
      const due = cloud.due(nowMs);
      record({ kind: 'due', nowMs });
      return due;
    },
    settle(invocationId, outcome) {
      perform({ kind: 'settle', invocationId, outcome, nowMs: now() });
    },
    nextDueInMs() {
      const nowMs = now();
      const dueMs = cloud.nextDueMs(nowMs);
      return dueMs === null ? null : Math.max(0, dueMs - nowMs);
    },
    target: (functionName, qualifier) => cloud.target(functionName, qualifier),
    stacks: {
      ...stacks,
      put: (fact) => void perform({ kind: 'stack-fact', fact }),
    },
    now,
    atomically(act) {
      together = [];
      try {
        return act();
      } finally {
        const entries = together;
        together = undefined;
        if (entries.length > 0) record({ kind: 'together', entries });
      }
    },
    close: () => directory?.close(),
  };
}

function openDirectory(
  path: string | undefined,
  use: { readonly replay: (entry: Entry) => void; readonly dump: () => readonly Entry[] },
): DataDirectory | undefined {
  if (path === undefined) return undefined;
  return openDataDirectory({
    path,
    dump: use.dump,
    replay(entry) {
      try {
        use.replay(entry as Entry);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Refused(
          `the folder ${path} holds something this version cannot repeat (${reason}): start with another`,
        );
      }
    },
  });
}

function apply(entry: Entry, cloud: Cloud, stacks: StackStore): unknown {
  switch (entry.kind) {
    case 'call':
      return cloud.call(entry.service, entry.operation, entry.input, entry.nowMs);
    case 'due':
      return cloud.due(entry.nowMs);
    case 'settle':
      return cloud.settle(entry.invocationId, entry.outcome, entry.nowMs);
    case 'abandon':
      return cloud.abandon();
    case 'stack-fact':
      return stacks.put(entry.fact);
    case 'together':
      for (const one of entry.entries) apply(one, cloud, stacks);
      return;
    case 'dump':
      for (const fact of entry.stackFacts) stacks.put(fact);
      return cloud.load(entry.cloud);
    default:
      throw new Error(`an entry of the kind ${(entry as { readonly kind: string }).kind}`);
  }
}

function isService(name: string): name is ServiceName {
  return SERVICES.has(name);
}
