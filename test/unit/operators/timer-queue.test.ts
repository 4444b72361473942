import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyTimer, TimerQueue } from '../../../lib/operators/timer-queue.ts';

const timers = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 });

test('timers come by time, those of one time by the rank of their keys', () => {
  fc.assert(
    fc.property(timers, (times) => {
      const given = times.map((timeMs, rank): KeyTimer => ({ timeMs, keyId: 100 - rank, rank }));
      const queue = new TimerQueue();
      for (const timer of given) queue.add(timer);
      const taken = given.map(() => queue.take());
      const expected = given.toSorted(
        (left, right) => left.timeMs - right.timeMs || left.rank - right.rank,
      );
      expect(taken).toEqual(expected);
      expect(queue.take()).toBeUndefined();
    }),
    { seed: 20_260 },
  );
});
