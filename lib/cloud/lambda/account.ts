// What all operations of Lambda share.

import type { Stream } from '../kinesis/stream.ts';
import type { Seeded } from '../seeded.ts';
import type { AsyncItem } from './async-queue.ts';
import type { Discarded } from './discarded.ts';
import type { FunctionEntry } from './functions.ts';
import type { Mapping } from './mapping.ts';

export interface LambdaSurroundings {
  readonly region: string;
  readonly accountId: string;
  readonly retryBoundaries: 'same' | 'varied';
  readonly retryDelayMaxMs: number;
  /** The stream of an ARN, as it is now. */
  stream(streamArn: string, nowMs: number): Stream | undefined;
  /** Takes what a mapping gave up on; may throw a ServiceError, which is then the delivery's failure. */
  discard(discarded: Discarded, nowMs: number): void;
}

export interface LambdaAccount extends LambdaSurroundings {
  /** Names mappings and invocations, and cuts varied retries. */
  readonly seeded: Seeded;
  /** Names discarded batches: apart, so that when they are discarded does not rename anything else. */
  readonly seededDiscards: Seeded;
  readonly functions: Map<string, FunctionEntry>;
  /** The highest version that each name ever had: "version numbers are never reused". */
  readonly lastVersions: Map<string, number>;
  readonly mappings: Map<string, Mapping>;
  readonly queue: AsyncItem[];
}
