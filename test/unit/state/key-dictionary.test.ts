import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../lib/model/errors.ts';
import { KeyDictionary } from '../../../lib/state/key-dictionary.ts';

/** Keys as a snapshot lists them: `group text`. */
function internSorted(keys: KeyDictionary, listed: readonly string[]): number[] {
  const texts = listed.map((each) => each.slice(each.indexOf(' ') + 1));
  const groups = Uint8Array.from(listed, (each) => Number.parseInt(each, 10));
  return [...keys.internSorted(texts, groups)];
}

const marked = (keys: KeyDictionary, ...ids: number[]): Uint8Array => {
  const used = new Uint8Array(keys.idEnd);
  for (const id of ids) used[id] = 1;
  return used;
};

describe('a dictionary of keys', () => {
  test('gives a key one id, under which its text and key group are found', () => {
    const keys = new KeyDictionary();
    expect(keys.find('ada')).toBe(-1);
    const ada = keys.intern('ada', 7);
    const bob = keys.intern('bob', 0);
    expect(keys.intern('ada', 7)).toBe(ada);
    expect(keys.find('ada')).toBe(ada);
    expect(bob).not.toBe(ada);
    expect([keys.textOf(ada), keys.keyGroupOf(ada)]).toEqual(['ada', 7]);
    expect([keys.textOf(bob), keys.keyGroupOf(bob)]).toEqual(['bob', 0]);
    expect([keys.size, keys.idEnd]).toEqual([2, 2]);
  });

  test('refuses a key in a second key group', () => {
    const keys = new KeyDictionary();
    keys.intern('ada', 7);
    expect(() => keys.intern('ada', 8)).toThrow(EngineError);
    expect(() => keys.intern('ada', 8)).toThrow('a key stands in two key groups');
  });

  test('keeps every key group while it grows', () => {
    const keys = new KeyDictionary();
    const ids = Array.from({ length: 300 }, (_, n) => keys.intern(`key ${n}`, n % 256));
    expect(ids.map((id) => keys.keyGroupOf(id))).toEqual(ids.map((_, n) => n % 256));
    expect(ids.map((id) => keys.textOf(id))).toEqual(ids.map((_, n) => `key ${n}`));
  });

  test('forgets what is not marked, and gives its ids anew', () => {
    const keys = new KeyDictionary();
    const [ada, bob, cid] = ['ada', 'bob', 'cid'].map((text) => keys.intern(text, 1));
    keys.retain(marked(keys, bob!));
    keys.retain(marked(keys, bob!));
    expect(keys.size).toBe(1);
    expect([keys.find('ada'), keys.find('bob'), keys.find('cid')]).toEqual([-1, bob, -1]);
    const others = ['dan', 'eve', 'fay'].map((text) => keys.intern(text, 2));
    expect(others.toSorted()).toEqual([ada, cid, 3]);
    expect(others.map((id) => [keys.textOf(id), keys.keyGroupOf(id)])).toEqual([
      ['dan', 2],
      ['eve', 2],
      ['fay', 2],
    ]);
    expect([keys.size, keys.idEnd]).toEqual([4, 4]);
  });
});

describe('keys that come out of a snapshot', () => {
  test('are found when they are met, in whatever order', () => {
    const keys = new KeyDictionary();
    const listed = ['1 b', '1 d', '1 f', '3 a', '3 e', '200 c'];
    const ids = internSorted(keys, listed);
    expect(new Set(ids).size).toBe(6);
    for (const place of [3, 0, 5, 2, 4, 1]) {
      const [group, text] = listed[place]!.split(' ');
      expect(keys.find(text!)).toBe(-1);
      expect(keys.intern(text!, Number(group))).toBe(ids[place]);
      expect(keys.find(text!)).toBe(ids[place]);
    }
    expect(keys.size).toBe(6);
  });

  test('are told from new ones before, between and behind them', () => {
    const keys = new KeyDictionary();
    const known = internSorted(keys, ['1 b', '1 d', '3 g']);
    const added = [
      ['a', 1],
      ['c', 1],
      ['e', 1],
      ['x', 0],
      ['y', 2],
      ['c', 1],
      ['z', 3],
      ['w', 255],
    ].map(([text, group]) => keys.intern(text as string, group as number));
    for (const id of added) expect(known).not.toContain(id);
    expect(added[5]).toBe(added[1]);
    expect(keys.size).toBe(3 + 7);
  });

  test('are merged, each with the id that it has', () => {
    const keys = new KeyDictionary();
    const first = internSorted(keys, ['1 b', '1 d', '3 a']);
    const second = internSorted(keys, ['0 z', '1 b', '1 c', '1 e', '3 a', '3 g']);
    expect([second[1], second[4]]).toEqual([first[0], first[2]]);
    expect(keys.size).toBe(7);
    const third = internSorted(keys, ['1 d', '9 y']);
    expect(third[0]).toBe(first[1]);
    const all = ['0 z', '1 b', '1 c', '1 d', '1 e', '3 a', '3 g', '9 y'];
    const again = internSorted(keys, all);
    expect(keys.size).toBe(8);
    expect(again).toEqual([
      second[0],
      first[0],
      second[2],
      first[1],
      second[3],
      first[2],
      second[5],
      third[1],
    ]);
    for (const [place, each] of all.entries()) {
      const [group, text] = each.split(' ');
      expect(keys.intern(text!, Number(group))).toBe(again[place]);
    }
  });

  test('of a table without rows are none', () => {
    const keys = new KeyDictionary();
    internSorted(keys, ['1 b']);
    expect(internSorted(keys, [])).toEqual([]);
    expect(keys.size).toBe(1);
  });

  test.each([
    ['in descending order', ['1 b', '1 a']],
    ['twice', ['1 a', '1 a']],
    ['in descending key groups', ['2 a', '1 b']],
  ])('%s are refused', (_, listed) => {
    const keys = new KeyDictionary();
    expect(() => internSorted(keys, listed)).toThrow('the rows of a segment are out of order');
  });

  test('in ascending key groups need not be in order of their texts', () => {
    expect(internSorted(new KeyDictionary(), ['1 b', '2 a'])).toEqual([0, 1]);
  });

  test('are forgotten like all others', () => {
    const keys = new KeyDictionary();
    const [a, b] = internSorted(keys, ['1 a', '1 b', '1 c']);
    keys.intern('a', 1);
    keys.retain(marked(keys, b!));
    expect(keys.size).toBe(1);
    expect(keys.find('a')).toBe(-1);
    const c = keys.intern('c', 1);
    expect(keys.intern('b', 1)).toBe(b);
    expect(keys.intern('a', 1)).not.toBe(c);
    expect([keys.textOf(b!), keys.textOf(c)]).toEqual(['b', 'c']);
    expect(keys.size).toBe(3);
    expect(a).toBe(0);
  });
});
