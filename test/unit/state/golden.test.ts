import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { type Change, draftOf, rowsOf, SCHEMA, segmentBytes } from './support.ts';

// The bytes of each format version, written once and read for as long as the version is promised. To
// write those of a new version, run with UPDATE_GOLDEN=1.
const golden = (name: string) => new URL(`golden/${name}`, import.meta.url);

function goldenBytes(name: string, bytes: Uint8Array): Buffer {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden(name), bytes);
  return readFileSync(golden(name));
}

const CHANGES: readonly Change[] = [
  { rowKey: 0, key: 'ada', cells: [1, 12.34, 'x'] },
  { rowKey: 0, key: '', cells: [2, 0.1 + 0.2, null] },
  { rowKey: 0, key: '__proto__', cells: [3, Number.NaN, undefined] },
  { rowKey: -3_600_000, key: '\u0000[1,null]', cells: [4, 1e300, { a: [1, 'é'] }] },
  { rowKey: 1_700_000_000_000, key: 'e\u0301', cells: [5, -1 / 3, 7] },
];

function goldenState(): { state: KeyedState; delta: Uint8Array } {
  const state = KeyedState.empty();
  state.adopt(
    draftOf(state, [
      { rowKey: 60_000, key: 'gone', cells: [1, 1, 1] },
      { rowKey: 0, key: 'removed', cells: [1, 1, 1] },
    ]),
  );
  const draft = draftOf(state, CHANGES);
  const operator = draft.operator('totals', SCHEMA);
  operator.table(0).remove(operator.keys.find('removed'));
  operator.evict({ rowKey: 60_000, firstKeyGroup: 0, lastKeyGroup: 255 });
  const delta = draft.encodeDelta();
  state.adopt(draft);
  return { state, delta };
}

describe('stored bytes', () => {
  test('of a delta are what they were, and still fold', () => {
    const { state, delta } = goldenState();
    const stored = goldenBytes('delta-v2.bin', delta);
    expect(Buffer.from(delta).equals(stored)).toBe(true);
    const replica = KeyedState.empty();
    replica.applyDelta(stored);
    expect(segmentBytes(replica)).toEqual(segmentBytes(state));
  });

  test('of a delta from before rows could be removed still fold', () => {
    const replica = KeyedState.empty();
    replica.applyDelta(readFileSync(golden('delta-v1.bin')));
    expect(segmentBytes(replica)).toEqual(segmentBytes(goldenState().state));
  });

  test('of a segment are what they were, and still restore', () => {
    const { state } = goldenState();
    const stored = goldenBytes('segment-v1.bin', state.encodeSegments()[0]!.bytes);
    expect(Buffer.from(state.encodeSegments()[0]!.bytes).equals(stored)).toBe(true);
    const restored = KeyedState.fromSegments([stored]);
    expect(rowsOf(restored)).toEqual(rowsOf(state));
    expect(restored.rowCount()).toBe(CHANGES.length);
  });

  test('of a version not known are refused', () => {
    expect(() => KeyedState.empty().applyDelta(Uint8Array.of(3, 0))).toThrow(/format version 3/);
    expect(() => KeyedState.fromSegments([Uint8Array.of(1, 0)])).toThrow(/format version 1/);
  });
});
