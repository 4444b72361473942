import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../lib/model/errors.ts';
import { STORED_JSON_DEPTH_MAX } from '../../../lib/model/limits.ts';
import { ByteWriter } from '../../../lib/state/codec.ts';
import { encodeOperatorHeader } from '../../../lib/state/delta.ts';
import { DELTA_FORMAT_VERSION } from '../../../lib/state/format-version.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { segmentBytes } from './support.ts';

/** mulberry32: the same damage on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function damage(bytes: Buffer, next: () => number): Uint8Array {
  const damaged = Uint8Array.from(bytes);
  const at = () => Math.floor(next() * damaged.length);
  switch (Math.floor(next() * 4)) {
    case 0:
      return damaged.subarray(0, at());
    case 1:
      return Buffer.concat([damaged, Buffer.from([Math.floor(next() * 256)])]);
    case 2:
      return Buffer.concat([damaged.subarray(0, at()), damaged.subarray(at())]);
    default:
      for (let flips = 1 + next() * 3; flips > 0; flips -= 1) damaged[at()] = next() * 256;
      return damaged;
  }
}

describe.each([
  ['a delta', 'delta-v2.bin', (bytes: Uint8Array) => KeyedState.empty().applyDelta(bytes)],
  ['a segment', 'segment-v1.bin', (bytes: Uint8Array) => KeyedState.fromSegments([bytes])],
] as const)('%s', (_, name, read) => {
  const stored = readFileSync(new URL(`golden/${name}`, import.meta.url));

  test('that is damaged is read or refused as data, soon and without side effects', () => {
    const next = random(1);
    const prototype = Object.getOwnPropertyNames(Object.prototype).join();
    let refused = 0;
    for (let run = 0; run < 10_000; run += 1) {
      const bytes = damage(stored, next);
      const startedAt = performance.now();
      try {
        read(bytes);
      } catch (error) {
        if (!(error instanceof EngineError) || error.kind !== 'data') throw error;
        refused += 1;
      }
      expect(performance.now() - startedAt).toBeLessThan(500);
    }
    expect(refused).toBeGreaterThan(5_000);
    expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(prototype);
  });

  test('with any part cut off is refused', () => {
    for (let length = 0; length < stored.length; length += 1) {
      expect(() => read(stored.subarray(0, length))).toThrow(EngineError);
    }
  });
});

test('a delta that cannot be read wholly changes nothing', () => {
  const stored = readFileSync(new URL('golden/delta-v2.bin', import.meta.url));
  const state = KeyedState.empty();
  const before = segmentBytes(state);
  expect(() => state.applyDelta(stored.subarray(0, stored.length - 1))).toThrow(EngineError);
  expect(segmentBytes(state)).toEqual(before);
});

/** A delta of one row for each text, whose only value is that text; key groups as given. */
function deltaOfTables(
  ...tables: readonly {
    readonly rowKey: number;
    readonly keyGroup: number;
    readonly json: string;
  }[]
): Uint8Array {
  const writer = new ByteWriter();
  for (const head of [DELTA_FORMAT_VERSION, 1]) writer.byte(head);
  encodeOperatorHeader(writer, { uid: 'totals', schemaId: 'value', kinds: ['value'] });
  writer.varint(0);
  writer.varint(tables.length);
  for (const { rowKey, keyGroup, json } of tables) {
    writer.zigzag(rowKey);
    for (const count of [1, 1, keyGroup, 1]) writer.varint(count);
    writer.texts(['ada']);
    writer.byte(2);
    writer.texts([json]);
    writer.varint(0);
  }
  return writer.finish();
}

test('a delta with a key in two key groups changes nothing', () => {
  const state = KeyedState.empty();
  const before = segmentBytes(state);
  const broken = deltaOfTables(
    { rowKey: 0, keyGroup: 3, json: '"first"' },
    { rowKey: 1, keyGroup: 4, json: '"second"' },
  );
  expect(() => state.applyDelta(broken)).toThrow(/a key stands in two key groups/);
  expect(segmentBytes(state)).toEqual(before);
});

test('a stored value is as deep as an event with what operators put around it, and not deeper', () => {
  const nested = (depth: number) =>
    deltaOfTables({
      rowKey: 0,
      keyGroup: 3,
      json: `${'['.repeat(depth)}"padding"${']'.repeat(depth)}`,
    });
  const state = KeyedState.empty();
  state.applyDelta(nested(STORED_JSON_DEPTH_MAX));
  expect(state.rowCount()).toBe(1);
  for (const depth of [STORED_JSON_DEPTH_MAX + 1, 20_000]) {
    expect(() => state.applyDelta(nested(depth))).toThrow(/nested more than 80 levels deep/);
  }
});
