// The named parts of a key's state in `process`. What is stored, per name:
//
//   value  [item]            list  [item, …]            map  [item, …]
//   item   [value] or [name, value] of a map, behind it the time of expiry where there is a time to live
//
// A part without items is not stored. What has expired by the time of the batch is not there for user
// code; it goes from state with the next change of its key, or when its time has come.

import type { StateSpec } from '../plan/plan.ts';
import type { ListState, MapState, ValueState } from '../plan/user-state.ts';
import { copyJson, type JsonValue } from '../state/json-value.ts';
import { jsonToKeep } from './user-call.ts';

/** One value with what belongs to it; nobody changes it. */
export type StoredItem = readonly JsonValue[];

export type StoredPart = readonly StoredItem[];

/** The call that a part is used in. */
export interface PartCall {
  readonly uid: string;
  readonly batchTimeMs: number;
  /** Throws when the call has ended. */
  assertAlive(): void;
}

/** Whether an item is still there; its time of expiry comes last. */
export const isLive = (item: StoredItem, { ttlMs }: StateSpec, batchTimeMs: number): boolean =>
  ttlMs === null || batchTimeMs < (item.at(-1) as number);

/** Makes a part ready for one call. */
export function openPart(spec: StateSpec, stored: StoredPart, call: PartCall): OpenPart {
  switch (spec.kind) {
    case 'value':
      return new OpenValue(spec, stored, call);
    case 'list':
      return new OpenList(spec, stored, call);
    case 'map':
      return new OpenMap(spec, stored, call);
  }
}

/** A part while a call works with it: copies in, copies out. */
export abstract class OpenPart {
  protected readonly call: PartCall;
  private readonly spec: StateSpec;
  private readonly stored: StoredPart;
  private changed = false;

  constructor(spec: StateSpec, stored: StoredPart, call: PartCall) {
    this.spec = spec;
    this.stored = stored;
    this.call = call;
  }

  /** What is to be kept, once the call has ended; `null` when it changed nothing. */
  takeChange(): StoredPart | null {
    return this.changed ? this.items() : null;
  }

  /** What the call has made of the part. */
  protected abstract items(): StoredPart;

  /** What was there when the call began. */
  protected storedItems(): StoredItem[] {
    const { stored, spec, call } = this;
    return stored.filter((item) => isLive(item, spec, call.batchTimeMs));
  }

  protected noteChange(): void {
    this.call.assertAlive();
    this.changed = true;
  }

  /** Values to keep as an item, copied. */
  protected itemOf(...values: readonly unknown[]): StoredItem {
    const { ttlMs } = this.spec;
    const kept = values.map((value) => jsonToKeep(this.call.uid, value));
    return ttlMs === null ? kept : [...kept, this.call.batchTimeMs + ttlMs];
  }
}

/** Values and lists: a value is a list of one at most. */
abstract class OpenItems extends OpenPart {
  private opened: StoredItem[] | null = null;

  clear(): void {
    this.replace([]);
  }

  protected items(): StoredItem[] {
    this.call.assertAlive();
    this.opened ??= this.storedItems();
    return this.opened;
  }

  protected replace(items: StoredItem[]): void {
    this.noteChange();
    this.opened = items;
  }
}

class OpenValue extends OpenItems implements ValueState<unknown> {
  get(): unknown {
    const [item] = this.items();
    return item === undefined ? undefined : copyJson(item[0]!);
  }

  set(value: unknown): void {
    this.replace([this.itemOf(value)]);
  }
}

class OpenList extends OpenItems implements ListState<unknown> {
  get(): readonly unknown[] {
    return this.items().map((item) => copyJson(item[0]!));
  }

  append(...values: readonly unknown[]): void {
    const added = values.map((value) => this.itemOf(value));
    this.noteChange();
    for (const item of added) this.items().push(item);
  }

  set(values: readonly unknown[]): void {
    this.replace(Array.from(values, (value) => this.itemOf(value)));
  }
}

class OpenMap extends OpenPart implements MapState<unknown> {
  private opened: Map<JsonValue, StoredItem> | null = null;

  get(name: string): unknown {
    const item = this.byName().get(name);
    return item === undefined ? undefined : copyJson(item[1]!);
  }

  has(name: string): boolean {
    return this.byName().has(name);
  }

  set(name: string, value: unknown): void {
    const item = this.itemOf(name, value);
    this.noteChange();
    this.byName().set(name, item);
  }

  delete(name: string): void {
    this.noteChange();
    this.byName().delete(name);
  }

  entries(): readonly (readonly [name: string, value: unknown])[] {
    return this.items().map(([name, value]) => [name as string, copyJson(value!)] as const);
  }

  clear(): void {
    this.noteChange();
    this.opened = new Map();
  }

  protected items(): StoredPart {
    return [...this.byName().values()];
  }

  private byName(): Map<JsonValue, StoredItem> {
    this.call.assertAlive();
    this.opened ??= new Map(this.storedItems().map((item) => [item[0]!, item]));
    return this.opened;
  }
}
