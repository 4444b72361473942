import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOfKey, KEY_GROUP_COUNT, keyGroupOf, ownsHash } from '../../lib/model/hash-range.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { type Change, draftOf, put, SCHEMA, segmentBytes } from '../unit/state/support.ts';
import { cases } from './cases.ts';

interface Range {
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
}

const ROW_KEYS = [0, -60_000, 1_700_000_000_000];
const change: fc.Arbitrary<Change> = fc.record({
  rowKey: fc.constantFrom(...ROW_KEYS),
  key: fc.oneof(fc.constantFrom('a', 'b', ''), fc.string({ unit: 'grapheme', maxLength: 4 })),
  cells: fc.tuple(fc.double(), fc.double(), fc.option(fc.jsonValue(), { nil: undefined })),
});
const changes = fc.array(change, { maxLength: 16 });

/** Ranges that tile the key groups, as the shards of a stream do. */
const ranges = fc
  .uniqueArray(fc.integer({ min: 1, max: KEY_GROUP_COUNT - 1 }), { maxLength: 5 })
  .map((cuts): Range[] => {
    const starts = [0, ...cuts.sort((left, right) => left - right)];
    return starts.map((firstKeyGroup, index) => ({
      firstKeyGroup,
      lastKeyGroup: (starts[index + 1] ?? KEY_GROUP_COUNT) - 1,
    }));
  });

function stateOf(all: readonly Change[]): KeyedState {
  const state = KeyedState.empty();
  const draft = draftOf(state, all);
  for (const each of all) put(draft, { ...each, cells: [1, 2, each.key] }, 'other');
  state.adopt(draft);
  return state;
}

/** What a child shard keeps of its parent: a copy without the key groups of the others. */
function partOf(state: KeyedState, { firstKeyGroup, lastKeyGroup }: Range): KeyedState {
  const part = KeyedState.fromSegments(state.encodeSegments().map(({ bytes }) => bytes));
  const draft = part.draft();
  for (const uid of ['totals', 'other']) {
    const operator = draft.operator(uid, SCHEMA);
    for (const rowKey of ROW_KEYS) {
      if (firstKeyGroup > 0)
        operator.evict({ rowKey, firstKeyGroup: 0, lastKeyGroup: firstKeyGroup - 1 });
      if (lastKeyGroup < KEY_GROUP_COUNT - 1) {
        operator.evict({
          rowKey,
          firstKeyGroup: lastKeyGroup + 1,
          lastKeyGroup: KEY_GROUP_COUNT - 1,
        });
      }
    }
  }
  part.adopt(draft);
  return part;
}

/** The part as one segment of a snapshot: its second and third byte are its first and last key group. */
function segmentOf(part: KeyedState, { firstKeyGroup, lastKeyGroup }: Range): Uint8Array {
  const [segment] = part.encodeSegments();
  const bytes = Uint8Array.from(segment!.bytes);
  bytes.set([firstKeyGroup, lastKeyGroup], 1);
  return bytes;
}

describe('keyed state', () => {
  test('that is split by key groups and merged again is the same state', () => {
    fc.assert(
      fc.property(changes, ranges, fc.boolean(), (all, tiles, backwards) => {
        const state = stateOf(all);
        const parts = tiles.map((range) => partOf(state, range));
        expect(parts.reduce((sum, part) => sum + part.rowCount(), 0)).toBe(state.rowCount());
        const segments = parts.map((part, index) => segmentOf(part, tiles[index]!));
        const merged = KeyedState.fromSegments(backwards ? segments.reverse() : segments);
        expect(segmentBytes(merged)).toEqual(segmentBytes(state));
      }),
      cases(),
    );
  });

  test('has the same bytes whatever the order in which its rows came', () => {
    const unique = fc.uniqueArray(change, {
      selector: ({ rowKey, key }) => `${rowKey} ${key}`,
      maxLength: 16,
    });
    fc.assert(
      fc.property(unique, fc.infiniteStream(fc.nat()), (all, order) => {
        const shuffled = all
          .map((each) => ({ each, at: order.next().value as number }))
          .sort((left, right) => left.at - right.at)
          .map(({ each }) => each);
        const oneByOne = KeyedState.empty();
        for (const each of shuffled) oneByOne.adopt(draftOf(oneByOne, [each]));
        const atOnce = KeyedState.empty();
        atOnce.adopt(draftOf(atOnce, all));
        expect(segmentBytes(oneByOne)).toEqual(segmentBytes(atOnce));
      }),
      cases(),
    );
  });

  test('is changed by a delta once, however often it is folded, and the same batch gives the same delta', () => {
    fc.assert(
      fc.property(changes, changes, (before, after) => {
        const state = stateOf(before);
        const delta = draftOf(state, after).encodeDelta();
        expect(Buffer.from(draftOf(state, after).encodeDelta()).equals(delta)).toBe(true);
        state.applyDelta(delta);
        const once = segmentBytes(state);
        state.applyDelta(delta);
        expect(segmentBytes(state)).toEqual(once);
      }),
      cases(),
    );
  });
});

describe('hash ranges that end where key groups do', () => {
  const GROUP_SIZE = 2n ** 120n;

  test('own exactly the keys of their key groups, and tiles own each key once', () => {
    fc.assert(
      fc.property(ranges, fc.string({ unit: 'grapheme' }), (tiles, key) => {
        const hash = hashOfKey(key);
        const owners = tiles.filter(({ firstKeyGroup, lastKeyGroup }) =>
          ownsHash(
            {
              start: BigInt(firstKeyGroup) * GROUP_SIZE,
              end: BigInt(lastKeyGroup + 1) * GROUP_SIZE - 1n,
            },
            hash,
          ),
        );
        const group = keyGroupOf(hash);
        const expected = tiles.filter(
          (each) => each.firstKeyGroup <= group && group <= each.lastKeyGroup,
        );
        expect(owners).toEqual(expected);
        expect(owners.length).toBe(1);
      }),
      cases(),
    );
  });
});
