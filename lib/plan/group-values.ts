// The values behind `KeyedStream` and `GroupedStream`.

import { parseDuration } from '../time/duration.ts';
import type { Aggregate } from './aggregate.ts';
import type { KeySpec, StateSpec, TimeoutKind, WindowSpec } from './plan.ts';
import type { UserFunction, Writer } from './writer.ts';

interface Windows {
  readonly window: WindowSpec;
  readonly allowedLatenessMs: number;
}

/** What `.process` is given. */
interface ProcessDefinition {
  readonly state?: Readonly<Record<string, StateSpec>>;
  readonly timers?: Exclude<TimeoutKind, 'none'>;
  readonly onRow: UserFunction;
  readonly onTimer?: UserFunction;
}

export class GroupValue {
  readonly #writer: Writer;
  readonly #key: KeySpec;
  readonly #windows: Windows | null;

  constructor(writer: Writer, key: KeySpec, windows: Windows | null = null) {
    this.#writer = writer;
    this.#key = key;
    this.#windows = windows;
  }

  window(window: WindowSpec, options: { readonly allowedLateness?: string } = {}) {
    const allowedLatenessMs = parseDuration(options.allowedLateness ?? '0 seconds');
    return new GroupValue(this.#writer, this.#key, { window, allowedLatenessMs });
  }

  aggregate(aggregates: Readonly<Record<string, Aggregate<never, unknown>>>) {
    const specs = Object.fromEntries(
      Object.entries(aggregates).map(([name, { spec }]) => [name, spec]),
    );
    return this.#writer.write({ kind: 'aggregate', ...this.#grouping(), aggregates: specs });
  }

  reduce(reduce: UserFunction) {
    return this.#writer.write({ kind: 'reduce', ...this.#grouping(), reduce });
  }

  mapGroupsWithState(apply: UserFunction, options?: TimeoutOption) {
    return this.#mapGroups(apply, { flat: false, ...options });
  }

  flatMapGroupsWithState(apply: UserFunction, options?: TimeoutOption) {
    return this.#mapGroups(apply, { flat: true, ...options });
  }

  mapWithState(apply: UserFunction, options: { readonly timeout?: string } = {}) {
    const { timeout } = options;
    const timeoutMs = timeout === undefined ? null : parseDuration(timeout);
    return this.#writer.write({ kind: 'map-with-state', key: this.#key, apply, timeoutMs });
  }

  updateStateByKey(
    update: UserFunction,
    options: { readonly initial?: readonly (readonly [key: unknown, state: unknown])[] } = {},
  ) {
    const initial = (options.initial ?? []).map(
      ([key, state]) => [keyValues(this.#key, key), state] as const,
    );
    return this.#writer.write({ kind: 'update-state', key: this.#key, update, initial });
  }

  process({ state, timers, onRow, onTimer }: ProcessDefinition) {
    return this.#writer.write({
      kind: 'process',
      key: this.#key,
      state: state ?? {},
      timers: timers ?? 'none',
      onRow,
      onTimer: onTimer ?? null,
    });
  }

  #mapGroups(
    apply: UserFunction,
    { flat, timeout = 'none' }: TimeoutOption & { readonly flat: boolean },
  ) {
    return this.#writer.write({
      kind: 'map-groups',
      key: this.#key,
      apply,
      flat,
      timeout,
      dropLate: timeout === 'event-time',
    });
  }

  #grouping() {
    const { window, allowedLatenessMs } = this.#windows ?? { window: null, allowedLatenessMs: 0 };
    return { key: this.#key, window, allowedLatenessMs };
  }
}

interface TimeoutOption {
  readonly timeout?: TimeoutKind;
}

/** Keys are given as their one value, or as an object of their fields. */
function keyValues({ fields }: KeySpec, key: unknown): readonly unknown[] {
  if (typeof key !== 'object' || key === null) return [key];
  const values = key as Readonly<Record<string, unknown>>;
  return fields.map((field) => values[field]);
}
