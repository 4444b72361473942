import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOfKey, keyGroupOf } from '../../lib/model/hash-range.ts';
import { ByteReader, ByteWriter } from '../../lib/state/codec.ts';
import type { StateDraft } from '../../lib/state/draft.ts';
import { copyJson, isPlainJson, type JsonValue } from '../../lib/state/json-value.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import {
  decodeNumberColumn,
  encodeNumberColumn,
  noNumberColumns,
} from '../../lib/state/number-column.ts';
import { type Change, draftOf, put, rowsOf, SCHEMA, segmentBytes } from '../unit/state/support.ts';
import { cases } from './cases.ts';

const aDouble = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.integer().map((cents) => cents / 100),
  fc
    .array(fc.integer({ min: 0, max: 9_999 }), { maxLength: 20 })
    .map((all) => all.reduce((total, cents) => total + cents / 100, 0)),
);

test('a block of columns of doubles comes back bit by bit', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 100 }).chain((rows) =>
        fc.array(fc.array(aDouble, { minLength: rows, maxLength: rows }), {
          minLength: 1,
          maxLength: 5,
        }),
      ),
      (columns) => {
        const writer = new ByteWriter();
        const written = noNumberColumns();
        for (const column of columns)
          encodeNumberColumn(writer, Float64Array.from(column), written);
        const reader = new ByteReader(writer.finish());
        const read = noNumberColumns();
        for (const column of columns) {
          const values = decodeNumberColumn(reader, column.length, read);
          expect(column.every((value, row) => Object.is(values[row], value))).toBe(true);
        }
        reader.end();
      },
    ),
    cases(),
  );
});

test('numbers and texts come back from bytes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.maxSafeNat()),
      fc.array(fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 })),
      fc.array(fc.string({ unit: 'binary' })),
      (naturals, integers, texts) => {
        const writer = new ByteWriter();
        for (const natural of naturals) writer.varint(natural);
        for (const integer of integers) writer.zigzag(integer);
        writer.texts(texts);
        const reader = new ByteReader(writer.finish());
        for (const natural of naturals) expect(reader.varint()).toBe(natural);
        for (const integer of integers) expect(reader.zigzag()).toBe(integer);
        expect(reader.texts(texts.length)).toEqual(texts);
        reader.end();
      },
    ),
    cases(),
  );
});

test('a copy of plain JSON is equal and shares nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      expect(isPlainJson(value)).toBe(true);
      const copy = copyJson(value as JsonValue);
      expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
      if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value);
    }),
    cases(),
  );
});

test('replaying deltas, from the start or from any snapshot, gives the bytes of the live state', () => {
  const change: fc.Arbitrary<Change> = fc.record({
    rowKey: fc.constantFrom(0, -60_000, 60_000, 1_700_000_000_000),
    key: fc.oneof(fc.constantFrom('a', 'b', ''), fc.string({ unit: 'binary' })),
    cells: fc.tuple(aDouble, aDouble, fc.option(fc.jsonValue(), { nil: undefined })),
  });
  const batch = fc.record({
    changes: fc.array(change, { maxLength: 12 }),
    evicted: fc.option(
      fc.record({
        rowKey: fc.constantFrom(0, -60_000, 60_000),
        firstKeyGroup: fc.constantFrom(0, 100, 255),
        lastKeyGroup: fc.constant(255),
      }),
      { nil: null },
    ),
    restart: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 5 }), (batches) => {
      const live = KeyedState.empty();
      let replica = KeyedState.empty();
      for (const { changes, evicted, restart } of batches) {
        const draft = draftOf(live, changes);
        if (evicted !== null) {
          for (const operator of draft.operators.values()) {
            operator.evict(evicted);
          }
        }
        const delta = draft.encodeDelta();
        live.adopt(draft);
        replica.applyDelta(delta);
        if (restart) {
          replica = KeyedState.fromSegments(replica.encodeSegments().map(({ bytes }) => bytes));
          replica.applyDelta(delta);
        }
        expect(segmentBytes(replica)).toEqual(segmentBytes(live));
        expect(rowsOf(replica).size).toBe(live.rowCount());
      }
    }),
    cases(),
  );
});

test('rows that are put and removed are those of a map, in the warm state and in a replica', () => {
  const aChange = fc.record({
    rowKey: fc.integer({ min: 0, max: 1 }),
    key: fc.integer({ min: 0, max: 40 }).map(String),
    count: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(aChange, { maxLength: 60 }), { maxLength: 6 }), (batches) => {
      const [state, replica] = [KeyedState.empty(), KeyedState.empty()];
      const expected = new Map<string, number>();
      for (const batch of batches) {
        const draft = state.draft();
        const operator = draft.operator('totals', SCHEMA);
        for (const { rowKey, key, count } of batch) {
          if (count === null) {
            expected.delete(`${rowKey} ${key}`);
            const keyId = operator.keys.intern(key, keyGroupOf(hashOfKey(key)));
            operator.table(rowKey).remove(keyId);
          } else {
            expected.set(`${rowKey} ${key}`, count);
            put(draft, { rowKey, key, cells: [count, Number.NaN, undefined] });
          }
        }
        const delta = draft.encodeDelta();
        state.adopt(draft);
        replica.applyDelta(delta);
        replica.applyDelta(delta);
      }
      const counts = new Map([...rowsOf(state)].map(([name, [count]]) => [name, count]));
      expect([...counts].sort()).toEqual([...expected].sort());
      expect(segmentBytes(replica)).toEqual(segmentBytes(state));
      expect(state.rowCount()).toBe(expected.size);
    }),
    cases(),
  );
});

test('what a record put and removed is taken back whole', () => {
  const aStep = fc.record({
    key: fc.integer({ min: 0, max: 6 }).map(String),
    count: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null }),
  });
  const steps = fc.array(aStep, { maxLength: 12 });
  fc.assert(
    fc.property(steps, steps, steps, (warm, kept, undone) => {
      const apply = (draft: StateDraft, changes: typeof warm) => {
        const operator = draft.operator('totals', SCHEMA);
        for (const { key, count } of changes) {
          const keyId = operator.keys.intern(key, keyGroupOf(hashOfKey(key)));
          if (count === null) operator.table(0).remove(keyId);
          else put(draft, { rowKey: 0, key, cells: [count, count, { count }] });
        }
      };
      const state = KeyedState.empty();
      const before = state.draft();
      apply(before, warm);
      state.adopt(before);
      const [plain, draft] = [state.draft(), state.draft({ undoable: true })];
      apply(plain, kept);
      apply(draft, kept);
      draft.journal.mark();
      apply(draft, undone);
      draft.journal.undo();
      expect(rowsIn(draft)).toEqual(rowsIn(plain));
    }),
    cases(),
  );
});

/** Rows as a draft's readers see them. */
function rowsIn(draft: StateDraft): Map<string, unknown> {
  const operator = draft.operator('totals', SCHEMA);
  const rows = new Map<string, unknown>();
  operator.table(0).forEach((table, slot) => {
    rows.set(operator.keys.textOf(table.keyIds[slot]!), table.getValue(2, slot));
  });
  return new Map([...rows].sort(([left], [right]) => (left < right ? -1 : 1)));
}
