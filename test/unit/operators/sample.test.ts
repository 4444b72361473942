import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSample } from '../../../lib/operators/sample.ts';
import { PassDrive } from '../../support/passes.ts';
import { keyOf, type Link, straightPlan } from '../../support/straight-plan.ts';

const sample = (rate: number, ...fields: string[]): Link => ({
  kind: 'sample',
  uid: 'sample',
  key: keyOf(...fields),
  rate,
});

/** The place of a key between 0 and 1, by way of hexadecimal text. */
const placeOf = (text: string) =>
  Number.parseInt(createHash('md5').update(text).digest('hex').slice(0, 12), 16) / 2 ** 48;

test('a key passes where the head of its hash is below the rate', () => {
  const rows = Array.from({ length: 500 }, (_, n) => ({ k: `key-${n}` }));
  const answer = new PassDrive(straightPlan(sample(0.3, 'k'))).push([...rows, ...rows]);
  const kept = rows.filter(({ k }) => placeOf(k) < 0.3);
  expect(kept).toHaveLength(154);
  expect(answer.rows['out']).toEqual([...kept, ...kept]);
});

test('the text of several fields, numbers and null is that of their place on the ring', () => {
  const kept: unknown[] = [];
  const node = { kind: 'sample', uid: 's', inputs: ['in'], key: keyOf('a', 'b') } as const;
  const rate = placeOf('[null,7]');
  const push = (at: number) => createSample({ ...node, rate: at }, (row) => kept.push(row));
  push(rate)({ a: null, b: 7 }, 0);
  expect(kept).toEqual([]);
  push(rate + 2 ** -48)({ a: null, b: 7 }, 0);
  expect(kept).toEqual([{ a: null, b: 7 }]);
});

test.each([
  [0, 0],
  [1, 100],
])('at a rate of %d %d of 100 keys pass', (rate, count) => {
  const rows = Array.from({ length: 100 }, (_, n) => ({ k: n }));
  const answer = new PassDrive(straightPlan(sample(rate, 'k'))).push(rows);
  expect(answer.rows['out'] ?? []).toHaveLength(count);
});

test('sides stay the same when what is remembered is forgotten', () => {
  const node = { kind: 'sample', uid: 's', inputs: ['in'], key: keyOf('k'), rate: 0.5 } as const;
  const kept: unknown[] = [];
  const push = createSample(node, (row) => kept.push(row));
  const ask = (k: number) => {
    kept.length = 0;
    push({ k }, 0);
    return kept.length;
  };
  const before = Array.from({ length: 50 }, (_, k) => ask(k));
  for (let k = 50; k < 65_600; k += 1) ask(k);
  expect(Array.from({ length: 50 }, (_, k) => ask(k))).toEqual(before);
  expect(new Set(before)).toEqual(new Set([0, 1]));
});

test('a row without its key is a dead letter', () => {
  const answer = new PassDrive(straightPlan(sample(0.5, 'k'))).push([{}]);
  expect(answer.dead).toMatchObject([{ reason: 'key-missing' }]);
});
