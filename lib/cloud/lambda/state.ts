// Lambda's state as plain data. What is under way is not kept: after a restart it is begun again.

import { createSeeded } from '../seeded.ts';
import type { LambdaAccount, LambdaSurroundings } from './account.ts';
import type { AsyncItem } from './async-queue.ts';
import type { Alias, FunctionEntry, FunctionVersion } from './functions.ts';
import type { Lane } from './lane.ts';
import type { Mapping } from './mapping.ts';

interface FunctionState {
  readonly latest: FunctionVersion;
  readonly versions: readonly FunctionVersion[];
  readonly aliases: readonly (readonly [string, Alias])[];
}

type MappingState = Omit<Mapping, 'shards'> & {
  readonly shards: readonly { readonly shardId: string; readonly lanes: readonly Lane[] }[];
};

export interface LambdaState {
  readonly seeded: number;
  readonly seededDiscards: number;
  readonly functions: readonly FunctionState[];
  readonly lastVersions: readonly (readonly [string, number])[];
  readonly mappings: readonly MappingState[];
  readonly queue: readonly AsyncItem[];
}

export function dumpLambda(account: LambdaAccount): LambdaState {
  return {
    seeded: account.seeded.state,
    seededDiscards: account.seededDiscards.state,
    functions: [...account.functions.values()].map(({ latest, versions, aliases }) => ({
      latest,
      versions: [...versions.values()],
      aliases: [...aliases],
    })),
    lastVersions: [...account.lastVersions],
    mappings: [...account.mappings.values()].map((mapping) => ({
      ...mapping,
      shards: mapping.shards.map(({ shardId, lanes }) => ({
        shardId,
        lanes: lanes.map(({ lane }) => lane),
      })),
    })),
    queue: account.queue.map((item) => ({ ...item, inFlight: false })),
  };
}

export function loadLambda(state: LambdaState, surroundings: LambdaSurroundings): LambdaAccount {
  return {
    ...surroundings,
    seeded: createSeeded(state.seeded),
    seededDiscards: createSeeded(state.seededDiscards),
    functions: new Map(
      state.functions.map((entry) => [entry.latest.functionName, loadEntry(entry)]),
    ),
    lastVersions: new Map(state.lastVersions),
    mappings: new Map(state.mappings.map((mapping) => [mapping.id, loadMapping(mapping)])),
    queue: state.queue.map((item) => ({ ...item })),
  };
}

function loadEntry({ latest, versions, aliases }: FunctionState): FunctionEntry {
  return {
    latest,
    versions: new Map(versions.map((version) => [version.version, version])),
    aliases: new Map(aliases),
  };
}

function loadMapping(mapping: MappingState): Mapping {
  return {
    ...mapping,
    shards: mapping.shards.map(({ shardId, lanes }) => ({
      shardId,
      lanes: lanes.map((lane) => ({ lane: restarted(lane), inFlight: null })),
    })),
  };
}

/** A batch that was under way for the first time leaves no trace: its next delivery is planned anew. */
function restarted(lane: Lane): Lane {
  const [first] = lane.pieces;
  return lane.pieces.length === 1 && first!.failures === 0 ? { ...lane, pieces: [] } : lane;
}
