import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseItem } from '../../lib/cloud/dynamodb/attribute-value.ts';
import { itemBytes } from '../../lib/cloud/dynamodb/item-size.ts';
import type { AttributeJson } from '../../lib/model/commit.ts';
import { AttributeText } from '../../lib/operators/sinks/attribute-text.ts';
import { decodeItemKey, encodePk, encodeSk } from '../../lib/operators/sinks/item-key.ts';
import { encodeObjectRow } from '../../lib/operators/sinks/object-rows.ts';
import { createTableRows } from '../../lib/operators/sinks/table-rows.ts';
import { cases } from './cases.ts';

const keyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.constantFrom(
    '',
    '~',
    '~s',
    '~j1',
    '~j"a"',
    '~h',
    '-',
    '1',
    'null',
    'true',
    '["a"]',
    '__proto__',
    'constructor',
    '\0',
    'é',
    'e\u0301',
    'x'.repeat(2_048),
  ),
);
const longText = fc
  .tuple(fc.constantFrom('x', 'é', '東', '😀'), fc.integer({ min: 1, max: 2_500 }), keyText)
  .map(([unit, count, end]) => unit.repeat(count) + end);
const keyValue = fc.oneof(
  { weight: 4, arbitrary: keyText },
  longText,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.boolean(),
  fc.constant(null),
);
const keyValues = fc.array(keyValue, { minLength: 1, maxLength: 3 });
const windowStart = fc.option(fc.oneof(keyText, longText));

test('item keys are valid key attributes, and decode to what was encoded', () => {
  fc.assert(
    fc.property(keyValues, windowStart, (values, start) => {
      const pk = encodePk(values)!;
      const sk = encodeSk(start);
      expect(Buffer.byteLength(pk)).toBeGreaterThan(0);
      expect(Buffer.byteLength(pk)).toBeLessThanOrEqual(2_048);
      expect(Buffer.byteLength(sk)).toBeGreaterThan(0);
      expect(Buffer.byteLength(sk)).toBeLessThanOrEqual(1_024);
      expect(Buffer.from(pk).toString()).toBe(pk);
      const decoded = decodeItemKey({ pk, sk });
      if (decoded.kind === 'values') expect(decoded.values).toEqual(values);
      if (Buffer.byteLength(start ?? '') < 1_000) expect(decoded.windowStart).toBe(start);
    }),
    cases(),
  );
});

test('distinct keys have distinct item keys', () => {
  fc.assert(
    fc.property(
      keyValues,
      keyValues,
      windowStart,
      windowStart,
      (left, right, leftStart, rightStart) => {
        const same = JSON.stringify([left, leftStart]) === JSON.stringify([right, rightStart]);
        const itemKeys = [
          [encodePk(left), encodeSk(leftStart)],
          [encodePk(right), encodeSk(rightStart)],
        ];
        expect(JSON.stringify(itemKeys[0]) === JSON.stringify(itemKeys[1])).toBe(same);
      },
    ),
    cases(5_000),
  );
});

const storableNumber = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -9.9e125, max: 9.9e125 })
  .filter((value) => value === 0 || Math.abs(value) >= 1e-130)
  .map((value) => value + 0);
const wellFormed = fc
  .string({ unit: 'binary', maxLength: 8 })
  .filter((text) => !/\p{Surrogate}/u.test(text));
const name = wellFormed.filter((text) => text !== '' && text !== '__proto__');
const fieldName = name.filter(
  (text) => !text.startsWith('_') && !['pk', 'sk', 'key'].includes(text),
);
const { value: storable } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    wellFormed,
    storableNumber,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}));
const row = fc
  .dictionary(fieldName, storable, { maxKeys: 6 })
  .map((fields): Record<string, unknown> => ({ key: 'k', ...fields }));

function plainOf(attribute: AttributeJson): unknown {
  if ('S' in attribute) return attribute.S;
  if ('N' in attribute) return Number(attribute.N);
  if ('BOOL' in attribute) return attribute.BOOL;
  if ('NULL' in attribute) return null;
  if ('L' in attribute) return attribute.L.map(plainOf);
  return Object.fromEntries(
    Object.entries(attribute.M).map(([key, value]) => [key, plainOf(value)]),
  );
}

const rows = createTableRows({ keyFields: ['key'], windowed: false });

test('a stored item reads back as its row', () => {
  fc.assert(
    fc.property(row, (fields) => {
      const encoded = rows.encodePut(fields);
      expect(encoded).toBeTypeOf('string');
      const { pk, sk, ...attributes } = JSON.parse(encoded as string).put;
      expect([pk, sk]).toEqual([{ S: 'k' }, { S: '-' }]);
      expect(plainOf({ M: attributes })).toEqual({ ...fields });
    }),
    cases(),
  );
});

test('the size of a row is that of the stored item, and its bound is never below', () => {
  fc.assert(
    fc.property(row, (fields) => {
      const [exact, bounded] = [new AttributeText(), new AttributeText()];
      exact.begin('exact', Number.POSITIVE_INFINITY);
      bounded.begin('bounded', Number.POSITIVE_INFINITY);
      const item = Object.fromEntries(
        Object.entries(fields).map(([field, value]) => {
          bounded.attribute(field, value);
          return [field, JSON.parse(exact.attribute(field, value))];
        }),
      );
      expect(exact.byteLength).toBe(itemBytes(parseItem(item)));
      expect(bounded.byteLength).toBeGreaterThanOrEqual(exact.byteLength);
    }),
    cases(),
  );
});

test('an object row reads back as its row', () => {
  fc.assert(
    fc.property(row, (fields) => {
      const line = encodeObjectRow(fields);
      expect(line).toBe(JSON.stringify(fields));
      expect(JSON.parse(line as string)).toEqual({ ...fields });
    }),
    cases(),
  );
});

test('encoders answer for any value at all, and change no prototype', () => {
  const prototype = Object.getOwnPropertyNames(Object.prototype);
  const anything = fc.dictionary(
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      stringUnit: 'binary',
    }),
    { maxKeys: 4 },
  );
  fc.assert(
    fc.property(anything, (fields) => {
      const candidate: Record<string, unknown> = { key: 'k', ...fields };
      for (const encoded of [rows.encodePut(candidate), encodeObjectRow(candidate)]) {
        if (typeof encoded === 'string') JSON.parse(encoded);
        else expect(encoded.detail).toMatch(/^(the row|field ".*") /s);
      }
    }),
    cases(10_000),
  );
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototype);
});
