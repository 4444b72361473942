import { expect, test } from 'vitest';
import { PassDrive } from '../../support/passes.ts';
import {
  failing,
  type Link,
  restart,
  stateCounts,
  straightPlan,
} from '../../support/straight-plan.ts';

const limit = (count: number, uid = 'limit'): Link => ({ kind: 'limit', uid, count });
const rowsOf = (...values: number[]) => values.map((n) => ({ n }));

test('the first rows of the stream pass, over batches and sandboxes', () => {
  const plan = straightPlan(limit(5));
  const passes = new PassDrive(plan);
  expect(stateCounts(plan, passes)).toEqual([0]);
  expect(passes.push(rowsOf(1, 2, 3)).rows['out']).toEqual(rowsOf(1, 2, 3));
  restart(passes);
  const second = passes.push(rowsOf(4, 5, 6, 7));
  expect(second.rows['out']).toEqual(rowsOf(4, 5));
  expect(second.result.counts).toMatchObject({ applied: 2, filtered: 2 });
  restart(passes);
  expect(passes.push(rowsOf(8)).rows['out']).toBeUndefined();
  expect(stateCounts(plan, passes)).toEqual([1]);
});

test('of nested limits the least counts', () => {
  const passes = new PassDrive(straightPlan(limit(4, 'a'), limit(100, 'b'), limit(3, 'c')));
  expect(passes.push(rowsOf(1, 2)).rows['out']).toEqual(rowsOf(1, 2));
  expect(passes.push(rowsOf(3, 4, 5, 6)).rows['out']).toEqual(rowsOf(3));
});

test('a row that fails behind it does not count', () => {
  const passes = new PassDrive(straightPlan(limit(2), failing));
  const answer = passes.push([{ n: 1, fail: true }, ...rowsOf(2, 3, 4)]);
  expect(answer.rows['out']).toEqual(rowsOf(2, 3));
  expect(answer.dead).toHaveLength(1);
});

test('a limit of zero lets nothing pass and keeps nothing', () => {
  const answer = new PassDrive(straightPlan(limit(0))).push(rowsOf(1));
  expect(answer.result.counts).toMatchObject({ applied: 0, filtered: 1 });
  expect([...answer.delta]).toEqual([2, 0]);
});
