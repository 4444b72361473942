import { describe, expect, test } from 'vitest';
import { decodeDelta } from '../../../lib/state/delta.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import type { StateSchema } from '../../../lib/state/operator-draft.ts';
import { hexOf } from './support.ts';

const ONE_NUMBER: StateSchema = { id: 's', columns: [{ kind: 'number', initial: 0 }] };
const NUMBER_AND_VALUE: StateSchema = {
  id: 's',
  columns: [{ kind: 'number', initial: 3 }, { kind: 'value' }],
};
const decoded = (hex: string) => decodeDelta(Buffer.from(hex, 'hex'));
const textHex = (text: string) => hexOf(Uint8Array.of(text.length, ...Buffer.from(text)));
/** Header of an operator `o` of schema `s` without columns. */
const HEADER = `${textHex('o') + textHex('s')}00`;

describe('a delta', () => {
  test('is its operators with evictions and tables, each in order', () => {
    const state = KeyedState.empty();
    const warm = state.draft();
    warm
      .operator('b', NUMBER_AND_VALUE)
      .table(-5)
      .touch(warm.operator('b', NUMBER_AND_VALUE).keys.intern('x', 9));
    state.adopt(warm);
    const draft = state.draft();
    const b = draft.operator('b', NUMBER_AND_VALUE);
    const a = draft.operator('a', ONE_NUMBER);
    const c = draft.operator('c', ONE_NUMBER);
    c.table(0).touch(c.keys.intern('k', 2));
    draft.operator('untouched', ONE_NUMBER).table(0);
    b.evict({ rowKey: -5, firstKeyGroup: 3, lastKeyGroup: 200 });
    a.table(7).touch(a.keys.intern('k', 2));
    a.table(1).touch(a.keys.intern('k', 2));
    const block = `01${'010201'}${'016b'}01${'00'.repeat(8)}`;
    const noneRemoved = '00';
    const bytes = draft.encodeDelta();
    expect(hexOf(bytes)).toBe(
      [
        '02' + '03',
        `${textHex('a') + textHex('s')}0100000202${block}${noneRemoved}0e${block}${noneRemoved}`,
        `${textHex('b') + textHex('s')}020001010903c800`,
        `${textHex('c') + textHex('s')}0100000100${block}${noneRemoved}`,
      ].join(''),
    );
    expect(decodeDelta(bytes)).toMatchObject([
      {
        uid: 'a',
        schemaId: 's',
        kinds: ['number'],
        evictions: [],
        tables: [{ rowKey: 1 }, { rowKey: 7 }],
      },
      {
        uid: 'b',
        schemaId: 's',
        kinds: ['number', 'value'],
        evictions: [{ rowKey: -5, firstKeyGroup: 3, lastKeyGroup: 200 }],
        tables: [],
      },
      { uid: 'c', tables: [{ rowKey: 0 }] },
    ]);
  });

  test('names removed rows by their keys behind the rows of a table', () => {
    const state = KeyedState.empty();
    const warm = state.draft();
    const before = warm.operator('o', ONE_NUMBER);
    for (const key of ['k', 'm']) before.table(1).touch(before.keys.intern(key, 2));
    state.adopt(warm);
    const draft = state.draft();
    const operator = draft.operator('o', ONE_NUMBER);
    operator.table(1).remove(operator.keys.find('k'));
    const [decodedOperator] = decodeDelta(draft.encodeDelta());
    expect(decodedOperator!.tables).toMatchObject([
      { rowKey: 1, rows: { texts: [] }, removed: { texts: ['k'], keyGroups: Uint8Array.of(2) } },
    ]);
  });

  test('keeps evictions in the order in which they were made', () => {
    const state = KeyedState.empty();
    const warm = state.draft();
    const operator = warm.operator('o', ONE_NUMBER);
    for (const rowKey of [1, 2]) operator.table(rowKey).touch(operator.keys.intern('k', 2));
    state.adopt(warm);
    const draft = state.draft();
    for (const rowKey of [2, 1]) {
      draft.operator('o', ONE_NUMBER).evict({ rowKey, firstKeyGroup: 0, lastKeyGroup: 255 });
    }
    expect(decodeDelta(draft.encodeDelta())[0]!.evictions.map(({ rowKey }) => rowKey)).toEqual([
      2, 1,
    ]);
  });

  test('may evict a single key group', () => {
    const [operator] = decoded(`0101${HEADER}0100050500`);
    expect(operator!.evictions).toEqual([{ rowKey: 0, firstKeyGroup: 5, lastKeyGroup: 5 }]);
  });

  test('may have as many columns as an operator may have', () => {
    const columns = (count: number, varint: string) =>
      `0101${textHex('o')}${textHex('s')}${varint}${'00'.repeat(count)}0000`;
    expect(decoded(columns(1_024, '8008'))[0]!.kinds.length).toBe(1_024);
    expect(() => decoded(columns(1_025, '8108'))).toThrow('1025 columns are too many');
  });

  test.each([
    ['of more operators than bytes', '01' + '02' + '00', '2 operators do not fit in 1 bytes'],
    [
      'of more columns than bytes',
      `0101${textHex('o')}${textHex('s')}0200`,
      '2 columns do not fit in 1 bytes',
    ],
    ['of more evictions than bytes', `0101${HEADER}010000`, '1 evictions do not fit in 2 bytes'],
    ['of more tables than bytes', `0101${HEADER}0001`, '1 tables do not fit in 0 bytes'],
    [
      'with a column of no kind',
      `0101${textHex('o')}${textHex('s')}0102`,
      'no column is of kind 2',
    ],
    ['with an eviction of nothing', `0101${HEADER}01000605`, 'an eviction ends before it begins'],
    ['with bytes behind it', '01' + '00' + '00', '1 bytes are left over'],
    ['of a later version', '03' + '00', 'format version 3 is not 2; a newer version wrote it'],
    [
      'with other removed rows than it counts',
      `0201${HEADER}000100${'00'.repeat(2)}02${'01' + '010201'}016b`,
      'removed rows are miscounted',
    ],
  ])('%s is refused', (_, hex, message) => {
    expect(() => decoded(hex)).toThrow(message);
  });
});
