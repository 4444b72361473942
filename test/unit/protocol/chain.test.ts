import { describe, expect, test } from 'vitest';
import { type ChainHead, followChain } from '../../../lib/protocol/chain.ts';
import { aChain, chainId } from '../../support/headers.ts';

const ringSize = 8;
const headAt = (n: number): ChainHead => ({
  batchNumber: n,
  commitId: n === 0 ? null : chainId(n),
});
const follow = (n: number, slots: ReturnType<typeof aChain>, complete = true) =>
  followChain(headAt(n), slots, { ringSize, complete });
const numbersOf = (step: ReturnType<typeof follow>) =>
  'links' in step ? step.links.map(({ header }) => header.batchNumber) : step;

describe('following the chain of commits', () => {
  test('an empty log ends at its beginning', () => {
    expect(follow(0, [])).toEqual({ kind: 'end', links: [] });
  });

  test('links are handed on up to the first slot that was never written', () => {
    const step = follow(0, aChain(1, 3));
    expect(step.kind).toBe('end');
    expect(numbersOf(step)).toEqual([1, 2, 3]);
  });

  test('the previous lap ends the chain', () => {
    const step = follow(9, [...aChain(10, 11), ...aChain(4, 6)]);
    expect(step.kind).toBe('end');
    expect(numbersOf(step)).toEqual([10, 11]);
  });

  test('a limit that was reached asks for more', () => {
    expect(follow(0, aChain(1, 3), false).kind).toBe('more');
  });

  test('the end of the ring asks for more from slot 0', () => {
    expect(follow(5, aChain(6, 7)).kind).toBe('more');
  });

  test('slot 0 that was never written, before slot 1 of the first lap, ends the chain', () => {
    const step = follow(7, aChain(1, 7), false);
    expect(step).toEqual({ kind: 'end', links: [] });
  });

  test('the first lap ends at any slot that was never written, slot 0 too', () => {
    expect(follow(3, [])).toEqual({ kind: 'end', links: [] });
    expect(follow(7, [])).toEqual({ kind: 'end', links: [] });
  });

  test('slot 1 of the first lap ends the chain only where slot 0 comes next', () => {
    expect(follow(4, aChain(1, 1)).kind).toBe('corrupt');
    expect(follow(7, aChain(3, 3)).kind).toBe('corrupt');
  });

  test('slot 0 with batch R is the next link', () => {
    expect(numbersOf(follow(7, [...aChain(8, 8), ...aChain(1, 2)]))).toEqual([8]);
  });

  test('a later lap in the next slot means that the reader was overtaken', () => {
    expect(follow(3, aChain(12, 13)).kind).toBe('overtaken');
  });

  test('a later lap after some links means that the reader was overtaken meanwhile', () => {
    expect(follow(3, [...aChain(4, 4), ...aChain(13, 13)]).kind).toBe('overtaken');
  });

  test('a hole is corruption, never the end', () => {
    expect(follow(1, aChain(3, 4))).toEqual({
      kind: 'corrupt',
      why: 'batch 3 stands where batch 2 belongs',
    });
  });

  test('an empty slot after the first lap is corruption', () => {
    expect(follow(10, [])).toEqual({ kind: 'corrupt', why: 'the slot of batch 11 is empty' });
  });

  test('a commit that names another predecessor is corruption', () => {
    const step = followChain({ batchNumber: 1, commitId: chainId(77) }, aChain(2, 2), {
      ringSize,
      complete: true,
    });
    expect(step).toEqual({ kind: 'corrupt', why: 'batch 2 does not follow commit commit-77' });
  });

  test('a first commit that names a predecessor is corruption', () => {
    const [commit] = aChain(1, 1);
    const forged = { ...commit!, header: { ...commit!.header, previousCommitId: chainId(9) } };
    expect(follow(0, [forged])).toEqual({
      kind: 'corrupt',
      why: 'batch 1 does not follow commit none',
    });
  });

  test('a commit written for another ring size is corruption', () => {
    expect(follow(0, aChain(1, 1, 16))).toEqual({
      kind: 'corrupt',
      why: 'batch 1 was written for 16 slots',
    });
  });
});
