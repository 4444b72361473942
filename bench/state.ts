// Sizes and times of keyed state at rest.

import { deflateRawSync } from 'node:zlib';
import { hashOfKey, keyGroupOf } from '../lib/model/hash-range.ts';
import { KeyedState } from '../lib/state/keyed-state.ts';
import type { StateSchema } from '../lib/state/operator-draft.ts';
import { type Case, cpuMs } from './measure.ts';

/** Count, sum, least and greatest. */
const SCHEMA: StateSchema = {
  id: 'bench',
  columns: [0, Number.NaN, Number.NaN, Number.NaN].map((initial) => ({ kind: 'number', initial })),
};

/** A minimal standard generator: the figures are the same on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Adds `rows` amounts of random keys among `keyCount`, each 13 characters, in one window. */
function addRows(state: KeyedState, rows: number, keyOf: (index: number) => number, seed: number) {
  const next = random(seed);
  const draft = state.draft();
  const operator = draft.operator('totals', SCHEMA);
  const table = operator.table(1_700_000_000_000);
  for (let index = 0; index < rows; index += 1) {
    const key = `device-${String(keyOf(index)).padStart(6, '0')}`;
    const known = operator.keys.find(key);
    const keyId = known >= 0 ? known : operator.keys.intern(key, keyGroupOf(hashOfKey(key)));
    const slot = table.touch(keyId);
    const [counts, sums, least, most] = table.rows.columns as Float64Array[];
    const amount = (1 + Math.floor(next() * next() * 50_000)) / 100;
    counts![slot]! += 1;
    sums![slot] = numberOr(sums![slot]!, 0) + amount;
    least![slot] = Math.min(numberOr(least![slot]!, amount), amount);
    most![slot] = Math.max(numberOr(most![slot]!, amount), amount);
  }
  return draft;
}

const numberOr = (value: number, otherwise: number) => (Number.isNaN(value) ? otherwise : value);

/** Bytes per changed key of a delta after deflate level 1, at the tenth batch of 10,000 records. */
export function deltaBytesPerKey(): number {
  const state = KeyedState.empty();
  const next = random(7);
  for (let batch = 0; batch < 9; batch += 1) {
    state.adopt(addRows(state, 10_000, () => Math.floor(next() * 20_000), batch + 1));
  }
  const draft = addRows(state, 10_000, () => Math.floor(next() * 20_000), 10);
  const changed = draft.operators.get('totals')!.changedTables()[0]!.rows.count;
  return deflateRawSync(draft.encodeDelta(), { level: 1 }).length / changed;
}

/** Restores a snapshot of a million keys from its uncompressed segments. */
export function restoreCase(): { readonly restore: Case; readonly bytesPerKey: number } {
  const KEYS = 1_000_000;
  const state = KeyedState.empty();
  for (let from = 0; from < KEYS; from += 50_000) {
    state.adopt(addRows(state, 50_000, (index) => from + index, from + 1));
  }
  const segments = state.encodeSegments().map(({ bytes }) => bytes);
  const compressed = segments.map((bytes) => deflateRawSync(bytes, { level: 1 }).length);
  const pass = async () => {
    const before = cpuMs();
    const restored = KeyedState.fromSegments(segments);
    if (restored.rowCount() !== KEYS) throw new Error('keys were lost');
    return cpuMs() - before;
  };
  const bytesPerKey = compressed.reduce((total, length) => total + length, 0) / KEYS;
  return { restore: { name: 'restore', pass }, bytesPerKey };
}
