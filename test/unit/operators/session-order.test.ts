import { expect, test } from 'vitest';
import { inOrder } from '../../../lib/operators/session-order.ts';
import { KeyDictionary } from '../../../lib/state/key-dictionary.ts';

/** Keys of three groups, interned in no order; the ids are those of this order. */
function someKeys(count: number): KeyDictionary {
  const keys = new KeyDictionary();
  for (let index = 0; index < count; index += 1) keys.intern(`key ${(index * 7) % 11}`, index % 3);
  return keys;
}

test.each([0, 1, 2, 3, 7, 8, 9, 11])('%i sessions stand by start, key group and key', (count) => {
  const keys = someKeys(11);
  const sessions = Array.from({ length: count }, (_, keyId) => ({
    keyId,
    startMs: [30, 10.5, 20, 10.5][(keyId * 5) % 4]!,
  }));
  const given = [...sessions];
  const expected = sessions.toSorted((left, right) => {
    const text = ({ keyId, startMs }: (typeof sessions)[number]) =>
      `${startMs} ${keys.keyGroupOf(keyId)} ${keys.textOf(keyId)}`;
    return text(left) < text(right) ? -1 : 1;
  });
  expect(inOrder(sessions, keys)).toEqual(expected);
  expect(sessions).toEqual(given);
});

test('what is equal stays as it came', () => {
  const keys = someKeys(2);
  const sessions = [1, 0, 1, 0, 1].map((keyId, place) => ({ keyId, startMs: 5, place }));
  expect(inOrder(sessions, keys).map(({ place }) => place)).toEqual([1, 3, 0, 2, 4]);
});
