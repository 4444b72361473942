import { describe, expect, test } from 'vitest';
import { KEY_GROUP_COUNT } from '../../../lib/model/hash-range.ts';
import type { StateDraft } from '../../../lib/state/draft.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import type { StateSchema } from '../../../lib/state/operator-draft.ts';
import { OperatorState } from '../../../lib/state/operator-state.ts';
import { decodeSegment, encodeSegments } from '../../../lib/state/snapshot.ts';
import { hexOf } from './support.ts';

const SCHEMA: StateSchema = { id: 's', columns: [{ kind: 'number', initial: 0 }] };
const decoded = (hex: string) => decodeSegment(Buffer.from(hex, 'hex'));
const HEADER = '016f' + '0173' + '00';
/** A segment of one operator with one row per key group listed. */
const segmentOf = (first: number, last: number, ...groups: readonly number[]) => {
  const runs = groups.map((group, index) => group - (groups[index - 1] ?? 0));
  const varints = runs.map((run) => (run < 128 ? [run, 1] : [(run % 128) + 128, 1, 1]));
  return hexOf(
    Uint8Array.of(
      ...[0x81, first, last, 1],
      ...Buffer.from(HEADER, 'hex'),
      ...[1, 0, groups.length, groups.length],
      ...varints.flat(),
      ...groups.map(() => 0),
    ),
  );
};

/** Adds a row, given as `uid rowKey keyGroup key`. */
function stage(draft: StateDraft, row: string): void {
  const [uid, rowKey, keyGroup, key] = row.split(' ') as [string, string, string, string];
  const operator = draft.operator(uid, SCHEMA);
  operator.table(Number(rowKey)).touch(operator.keys.intern(key, Number(keyGroup)));
}

/** State of operators, given as rows `uid rowKey keyGroup key`. */
function stateOf(rows: readonly string[]): KeyedState {
  const state = KeyedState.empty();
  const draft = state.draft();
  for (const row of rows) stage(draft, row);
  state.adopt(draft);
  return state;
}
const rowsOf = (state: KeyedState) =>
  state
    .encodeSegments()
    .flatMap(({ bytes }) =>
      decodeSegment(bytes).operators.flatMap(({ uid, tables }) =>
        tables.flatMap(({ rowKey, rows }) =>
          rows.texts.map((text, row) => `${uid} ${rowKey} ${rows.keyGroups[row]} ${text}`),
        ),
      ),
    );

describe('a segment', () => {
  test('is operators by uid, tables by row key, rows by key group and text', () => {
    const ordered = ['a -3 0 q', 'a 20 1 z', 'a 20 9 p', 'a 20 9 r', 'a 100 1 z', 'b 0 255 k'];
    expect(rowsOf(stateOf(ordered.toReversed()))).toEqual(ordered);
    expect(rowsOf(stateOf(ordered))).toEqual(ordered);
    const state = stateOf(ordered.slice(4));
    const draft = state.draft();
    for (const row of ordered.slice(0, 4)) stage(draft, row);
    state.adopt(draft);
    expect(rowsOf(state)).toEqual(ordered);
  });

  test('begins with its version and key groups', () => {
    const [segment] = stateOf(['o 0 5 k']).encodeSegments();
    expect(segment).toMatchObject({ firstKeyGroup: 0, lastKeyGroup: KEY_GROUP_COUNT - 1 });
    expect(hexOf(segment!.bytes)).toBe(
      `8100ff01${'016f'}${'0173'}0100${'01'}00${'01010501'}${'016b'}01${'00'.repeat(8)}`,
    );
  });

  test('holds nothing of operators and row keys without rows', () => {
    const state = stateOf(['a 0 1 k', 'b 0 1 k', 'b 1 1 k']);
    const draft = state.draft();
    const evicted = { rowKey: 0, firstKeyGroup: 0, lastKeyGroup: 255 };
    for (const uid of ['a', 'b']) draft.operator(uid, SCHEMA).evict(evicted);
    draft.operator('c', SCHEMA).table(4);
    state.adopt(draft);
    expect(rowsOf(state)).toEqual(['b 1 1 k']);
    expect(decodeSegment(state.encodeSegments()[0]!.bytes).operators.map(({ uid }) => uid)).toEqual(
      ['b'],
    );
  });

  test('holds rows of its first and of its last key group', () => {
    expect(decoded(segmentOf(3, 9, 3, 9)).operators[0]!.tables[0]!.rows.texts).toEqual(['', '']);
    expect(decoded(segmentOf(3, 3, 3))).toMatchObject({ firstKeyGroup: 3, lastKeyGroup: 3 });
  });

  test('may hold a table without rows', () => {
    expect(decoded(segmentOf(3, 9)).operators[0]!.tables[0]!.rows.texts).toEqual([]);
  });

  test.each([
    ['with a row before its first key group', segmentOf(3, 9, 2, 9), 'outside the key groups'],
    ['with a row behind its last key group', segmentOf(3, 9, 3, 10), 'outside the key groups'],
    ['that ends before it begins', '81040300', 'a segment ends before it begins'],
    ['of more operators than bytes', '8103090200', '2 operators do not fit in 1 bytes'],
    ['with bytes behind it', '8103090000', '1 bytes are left over'],
    ['of another version', '82030900', 'format version 130 is not 129; a newer version wrote it'],
  ])('%s is refused', (_, hex, message) => {
    expect(() => decoded(hex)).toThrow(message);
  });
});

describe('the segments of a snapshot', () => {
  const empty = (first: number, last: number) => Uint8Array.of(0x81, first, last, 0);

  test('end at the key group that brings them to a quarter of a million rows', () => {
    const operator = new OperatorState('o', 's', []);
    for (const rowKey of [0, 1]) operator.tables.set(rowKey, operator.newTable());
    const add = (rowKey: number, key: string, keyGroup: number) =>
      operator.tables.get(rowKey)!.append(operator.keys.intern(key, keyGroup));
    add(0, 'first', 2);
    for (let row = 0; row < 249_998; row += 1) add(0, `${1_000_000 + row}`, 3);
    add(0, 'last', 4);
    add(1, 'next', 200);
    const segments = encodeSegments([operator]);
    expect(segments.map((each) => [each.firstKeyGroup, each.lastKeyGroup])).toEqual([
      [0, 4],
      [5, 255],
    ]);
    const [next] = decodeSegment(segments[1]!.bytes).operators;
    expect(next!.tables.map(({ rowKey, rows }) => [rowKey, rows.texts])).toEqual([[1, ['next']]]);
  });

  test('may come in any order', () => {
    const segments = [empty(200, 255), empty(0, 9), empty(10, 199)];
    expect(KeyedState.fromSegments(segments).rowCount()).toBe(0);
  });

  test.each([
    ['misses its beginning', [empty(1, 255)], 'key group 0 is in no or two segments'],
    ['has a hole', [empty(0, 9), empty(11, 255)], 'key group 10 is in no or two segments'],
    [
      'has a key group twice',
      [empty(0, 9), empty(9, 255)],
      'key group 10 is in no or two segments',
    ],
    ['misses its end', [empty(0, 254)], 'key group 255 is in no segment'],
  ])('are refused when the snapshot %s', (_, segments, message) => {
    expect(() => KeyedState.fromSegments(segments)).toThrow(message);
  });

  test('are refused when one operator stands in two of them with other columns', () => {
    const other = Buffer.from(segmentOf(10, 255), 'hex');
    other[other.indexOf('s')] = 't'.charCodeAt(0);
    expect(() => KeyedState.fromSegments([Buffer.from(segmentOf(0, 9), 'hex'), other])).toThrow(
      expect.objectContaining({ code: 'state-schema-changed' }),
    );
  });
});
