import { describe, expect, test } from 'vitest';
import { hashOfKey } from '../../../lib/model/hash-range.ts';
import { createKeyReader, type KeyOrigin } from '../../../lib/operators/key.ts';
import { RecordFault } from '../../../lib/operators/record-fault.ts';
import { KeyDictionary } from '../../../lib/state/key-dictionary.ts';
import { aPass } from '../../support/passes.ts';

const NOT_PARTITIONED = { partitionedBy: null };

function readerFor(fields: readonly string[], source: KeyOrigin['source'] = NOT_PARTITIONED) {
  const pass = aPass();
  pass.hashRange = { start: 0n, end: 2n ** 128n - 1n };
  const selectors = fields.map((field) => ({ kind: 'field', field }) as const);
  const reader = createKeyReader({ uid: 'totals', key: { fields, selectors }, source, pass });
  const keys = new KeyDictionary();
  const idOf = (row: unknown) => reader.idOf(row, keys);
  const textOf = (row: unknown) => keys.textOf(idOf(row));
  return { reader, keys, pass, idOf, textOf };
}

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof RecordFault) return thrown.reason;
    throw thrown;
  }
  return 'none';
}

describe('the text of a key', () => {
  test.each([
    ['ada', 'ada'],
    ['', ''],
    ['\u0000x', '\u0000"\\u0000x"'],
    [1, '\u00001'],
    ['1', '1'],
    [-0, '\u00000'],
    [null, '\u0000null'],
    [true, '\u0000true'],
  ])('of %j is %j, and gives the value back', (value, text) => {
    const { textOf, reader } = readerFor(['k']);
    expect(textOf({ k: value })).toBe(text);
    expect(reader.valuesOf(text)).toEqual([value === 0 ? 0 : value]);
  });

  test('of several fields is their JSON', () => {
    const { textOf, reader } = readerFor(['a', 'b']);
    expect(textOf({ a: 'x', b: null })).toBe('\u0000["x",null]');
    expect(reader.valuesOf('\u0000["x",null]')).toEqual(['x', null]);
  });
});

test.each([
  [{}, 'key-missing'],
  [{ k: undefined }, 'key-missing'],
  ['no object', 'key-missing'],
  [null, 'key-missing'],
  [{ k: {} }, 'key-invalid'],
  [{ k: [1] }, 'key-invalid'],
  [{ k: Number.NaN }, 'key-invalid'],
  [{ k: 1n }, 'key-invalid'],
  [{ k: '\ud800' }, 'key-invalid'],
  [{ k: 'é'.repeat(51_201) }, 'key-too-large'],
])('the row %o has no key: %s', (row, reason) => {
  const { idOf } = readerFor(['k']);
  expect(reasonOf(() => idOf(row))).toBe(reason);
});

test('what every object inherits is no key', () => {
  expect(reasonOf(() => readerFor(['constructor']).idOf({}))).toBe('key-missing');
  expect(readerFor(['constructor']).textOf({ constructor: 'x' })).toBe('x');
  expect(readerFor(['__proto__']).textOf(JSON.parse('{"__proto__":"x"}'))).toBe('x');
});

describe('the key group of a key', () => {
  test.each([
    [5, '5'],
    [null, 'null'],
    [true, 'true'],
    ['é', 'é'],
  ])('of %j is that of the partition key %s', (value, partitionKey) => {
    const { idOf, keys } = readerFor(['k']);
    expect(keys.keyGroupOf(idOf({ k: value }))).toBe(hashOfKey(partitionKey)[0]);
  });

  test('of several fields is that of their JSON, or of the fields that the source is partitioned by', () => {
    const row = { a: 'x', b: 'y' };
    const whole = readerFor(['a', 'b']);
    expect(whole.keys.keyGroupOf(whole.idOf(row))).toBe(hashOfKey('["x","y"]')[0]);
    const partly = readerFor(['a', 'b'], { partitionedBy: ['b'] });
    expect(partly.keys.keyGroupOf(partly.idOf(row))).toBe(hashOfKey('y')[0]);
    const turned = readerFor(['a', 'b'], { partitionedBy: ['b', 'a'] });
    expect(turned.keys.keyGroupOf(turned.idOf(row))).toBe(hashOfKey('["y","x"]')[0]);
  });
});

test('a key outside of the hash range is refused only where the source declares its partition key', () => {
  const row = { k: 'ada' };
  const place = BigInt(`0x${Buffer.from(hashOfKey('ada')).toString('hex')}`);
  const elsewhere = { start: place + 1n, end: place + 2n };
  for (const [source, reason] of [
    [NOT_PARTITIONED, 'none'],
    [{ partitionedBy: ['k'] }, 'wrong-shard'],
    [{ partitionedBy: ['other'] }, 'none'],
    [{ partitionedBy: null, partitionedByFunction: () => 'ada' }, 'wrong-shard'],
  ] as const) {
    const { idOf, pass } = readerFor(['k'], source);
    pass.hashRange = elsewhere;
    expect(reasonOf(() => idOf(row))).toBe(reason);
    pass.hashRange = { start: place, end: place };
    expect(reasonOf(() => idOf(row))).toBe('none');
  }
});
