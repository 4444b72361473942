// What `process` keeps of a key as one JSON value: its timers that have not fired, ascending, and the
// named parts of its state that hold something.

import type { StateSpec } from '../plan/plan.ts';
import { type JsonValue, setOwn } from '../state/json-value.ts';
import { isLive, type StoredPart } from './state-parts.ts';

/** All that is kept of a key; nobody changes it. */
export interface KeyRecord {
  readonly timers: readonly number[];
  readonly parts: Readonly<Record<string, StoredPart>>;
}

export type StateSpecs = readonly (readonly [name: string, spec: StateSpec])[];

const NOTHING: KeyRecord = { timers: [], parts: {} };

/** What stands in state; `undefined` for a key of which nothing is kept. */
export function readRecord(value: JsonValue | undefined): KeyRecord {
  return value === undefined ? NOTHING : (value as unknown as KeyRecord);
}

/** What is to stand in state: without what has expired, `undefined` where nothing is left. */
export function recordToKeep(
  { timers, parts }: KeyRecord,
  specs: StateSpecs,
  batchTimeMs: number,
): KeyRecord | undefined {
  const kept: Record<string, StoredPart> = {};
  let isEmpty = timers.length === 0;
  for (const [name, spec] of specs) {
    const stored = partOf(parts, name);
    const live =
      spec.ttlMs === null ? stored : stored.filter((item) => isLive(item, spec, batchTimeMs));
    if (live.length === 0) continue;
    setOwn(kept, name, live);
    isEmpty = false;
  }
  return isEmpty ? undefined : { timers, parts: kept };
}

/** When the first item expires, NaN where none does. */
export function firstExpiry({ parts }: KeyRecord, specs: StateSpecs): number {
  let firstMs = Number.POSITIVE_INFINITY;
  for (const [name, { ttlMs }] of specs) {
    if (ttlMs === null) continue;
    for (const item of partOf(parts, name)) firstMs = Math.min(firstMs, item.at(-1) as number);
  }
  return firstMs === Number.POSITIVE_INFINITY ? Number.NaN : firstMs;
}

/** A part by its name, which may be that of what every object inherits. */
export function partOf(parts: KeyRecord['parts'], name: string): StoredPart {
  return Object.hasOwn(parts, name) ? parts[name]! : [];
}
