// Event source mappings for Kinesis: their settings, and the operations that keep them.

import type { BatchLimits, Lane } from './lane.ts';
import { conflict, invalidParameter, settingInteger } from './refusals.ts';

type StartingPosition = 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';

export interface MappingSettings {
  readonly functionArn: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly parallelization: number;
  readonly recordAgeMaxSeconds: number;
  readonly retriesMax: number;
  readonly bisect: boolean;
  readonly reportsItemFailures: boolean;
  readonly destination: string | null;
}

export interface LaneProgress {
  lane: Lane;
  /** The invocation under way; there is never more than one. */
  inFlight: string | null;
}

export interface ShardProgress {
  readonly shardId: string;
  lanes: LaneProgress[];
}

export interface Mapping {
  readonly id: string;
  /** The stream's, or that of a registered consumer of it. */
  readonly eventSourceArn: string;
  readonly streamArn: string;
  readonly startingPosition: StartingPosition;
  readonly startingTimestampMs: number | null;
  settings: MappingSettings;
  lastModifiedMs: number;
  lastResult: string;
  /** Tells the stream from a later one of the same name. */
  streamCreatedMs: number;
  shards: ShardProgress[];
}

export interface MappingInput {
  readonly FunctionName?: string;
  readonly EventSourceArn?: string;
  readonly StartingPosition?: string;
  readonly StartingPositionTimestamp?: number;
  readonly Enabled?: boolean;
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly ParallelizationFactor?: number;
  readonly MaximumRecordAgeInSeconds?: number;
  readonly MaximumRetryAttempts?: number;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly FunctionResponseTypes?: readonly string[];
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: string } };
  readonly TumblingWindowInSeconds?: number;
  readonly FilterCriteria?: { readonly Filters?: readonly object[] };
}

const DEFAULTS: Omit<MappingSettings, 'functionArn'> = {
  enabled: true,
  batchSize: 100,
  windowSeconds: 0,
  parallelization: 1,
  recordAgeMaxSeconds: -1,
  retriesMax: -1,
  bisect: false,
  reportsItemFailures: false,
  destination: null,
};

const STARTING_POSITIONS: readonly StartingPosition[] = ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'];

/** Settings of a request, over `current` ones or the documented defaults. */
export function settingsOf(
  input: MappingInput,
  functionArn: string,
  current: Omit<MappingSettings, 'functionArn'> = DEFAULTS,
): MappingSettings {
  refuseUnmodelled(input);
  const age = settingInteger(input.MaximumRecordAgeInSeconds, 'MaximumRecordAgeInSeconds', {
    min: -1,
    max: 604_800,
    fallback: current.recordAgeMaxSeconds,
  });
  if (age >= 0 && age < 60) {
    throw invalidParameter(`MaximumRecordAgeInSeconds must be -1 or at least 60, got ${age}.`);
  }
  return {
    functionArn,
    enabled: input.Enabled ?? current.enabled,
    batchSize: settingInteger(input.BatchSize, 'BatchSize', {
      min: 1,
      max: 10_000,
      fallback: current.batchSize,
    }),
    windowSeconds: settingInteger(
      input.MaximumBatchingWindowInSeconds,
      'MaximumBatchingWindowInSeconds',
      { min: 0, max: 300, fallback: current.windowSeconds },
    ),
    parallelization: settingInteger(input.ParallelizationFactor, 'ParallelizationFactor', {
      min: 1,
      max: 10,
      fallback: current.parallelization,
    }),
    recordAgeMaxSeconds: age,
    retriesMax: settingInteger(input.MaximumRetryAttempts, 'MaximumRetryAttempts', {
      min: -1,
      max: 10_000,
      fallback: current.retriesMax,
    }),
    bisect: input.BisectBatchOnFunctionError ?? current.bisect,
    reportsItemFailures:
      input.FunctionResponseTypes?.includes('ReportBatchItemFailures') ??
      current.reportsItemFailures,
    destination: destinationOf(input, current.destination),
  };
}

export function startOf(input: MappingInput, nowMs: number) {
  const position = STARTING_POSITIONS.find((name) => name === input.StartingPosition);
  if (position === undefined) {
    throw invalidParameter(
      `1 validation error detected: Value '${input.StartingPosition}' at 'startingPosition' failed ` +
        `to satisfy constraint: Member must satisfy enum value set: [${STARTING_POSITIONS.join(', ')}]`,
    );
  }
  const timestampMs = input.StartingPositionTimestamp ?? null;
  if ((position === 'AT_TIMESTAMP') !== (timestampMs !== null)) {
    throw invalidParameter('StartingPositionTimestamp belongs to AT_TIMESTAMP and only to it.');
  }
  if (timestampMs !== null && timestampMs > nowMs) {
    throw invalidParameter('StartingPositionTimestamp cannot be in the future.');
  }
  return { position, timestampMs };
}

export function limitsOf(settings: MappingSettings): BatchLimits {
  return {
    recordsMax: settings.batchSize,
    windowMs: settings.windowSeconds * 1_000,
    recordAgeMaxMs: settings.recordAgeMaxSeconds < 0 ? -1 : settings.recordAgeMaxSeconds * 1_000,
    retriesMax: settings.retriesMax,
    bisect: settings.bisect,
  };
}

/** A mapping as the API shows it; timestamps are milliseconds. */
export function presentMapping(mapping: Mapping, state?: string): object {
  const { settings } = mapping;
  return {
    UUID: mapping.id,
    EventSourceMappingArn: settings.functionArn.replace(
      /:function:.*$/,
      `:event-source-mapping:${mapping.id}`,
    ),
    EventSourceArn: mapping.eventSourceArn,
    FunctionArn: settings.functionArn,
    StartingPosition: mapping.startingPosition,
    ...(mapping.startingTimestampMs === null
      ? {}
      : { StartingPositionTimestamp: mapping.startingTimestampMs }),
    BatchSize: settings.batchSize,
    MaximumBatchingWindowInSeconds: settings.windowSeconds,
    ParallelizationFactor: settings.parallelization,
    MaximumRecordAgeInSeconds: settings.recordAgeMaxSeconds,
    MaximumRetryAttempts: settings.retriesMax,
    BisectBatchOnFunctionError: settings.bisect,
    TumblingWindowInSeconds: 0,
    FunctionResponseTypes: settings.reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    DestinationConfig: {
      OnFailure: settings.destination === null ? {} : { Destination: settings.destination },
    },
    LastModified: mapping.lastModifiedMs,
    LastProcessingResult: mapping.lastResult,
    State: state ?? (settings.enabled ? 'Enabled' : 'Disabled'),
    StateTransitionReason: 'User action',
  };
}

/** One mapping per function and stream. */
export function assertUnmapped(
  mappings: Iterable<Mapping>,
  wanted: { readonly functionArn: string; readonly eventSourceArn: string },
): void {
  for (const mapping of mappings) {
    const same =
      mapping.eventSourceArn === wanted.eventSourceArn &&
      mapping.settings.functionArn === wanted.functionArn;
    if (same) {
      throw conflict(
        `An event source mapping with event source arn (" ${wanted.eventSourceArn} ") and function ` +
          `(" ${wanted.functionArn} ") already exists. Please update or delete the existing ` +
          `mapping with UUID ${mapping.id}`,
      );
    }
  }
}

function destinationOf(input: MappingInput, current: string | null): string | null {
  const onFailure = input.DestinationConfig?.OnFailure;
  if (onFailure === undefined) return current;
  const arn = onFailure.Destination ?? '';
  if (arn === '') return null;
  if (/^arn:aws:(sqs|sns|s3):/.test(arn)) return arn;
  throw invalidParameter(`The destination ${arn} is neither a queue, a topic nor a bucket.`);
}

/** Better refused than silently without effect. */
function refuseUnmodelled(input: MappingInput): void {
  if ((input.TumblingWindowInSeconds ?? 0) !== 0) {
    throw invalidParameter('TumblingWindowInSeconds is not part of this model of Lambda.');
  }
  if ((input.FilterCriteria?.Filters?.length ?? 0) !== 0) {
    throw invalidParameter('FilterCriteria is not part of this model of Lambda.');
  }
}
