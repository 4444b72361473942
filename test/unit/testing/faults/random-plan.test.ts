import { describe, expect, test } from 'vitest';
import { CALL_FAULTS } from '../../../../lib/testing/faults/fault-plan.ts';
import { randomPlan } from '../../../../lib/testing/faults/random-plan.ts';

const SIZE = { callCount: 200, invocationCount: 20, durationMs: 600_000 };
const SEEDS = Array.from({ length: 2_000 }, (_, seed) => seed);
const PLANS = SEEDS.map((seed) => randomPlan(seed, SIZE));

describe('the plans of two thousand seeds', () => {
  test.each(['CopyObject', 'DeleteObjects', 'GetRecords', 'GetShardIterator', 'ListObjectsV2'])(
    'strike %s with each kind of fault that can strike it, often enough for one run in eleven',
    (operation) => {
      const drawn = PLANS.flatMap(({ calls }) => calls)
        .filter((fault) => 'operation' in fault && fault.operation === operation)
        .map(({ kind }) => kind);
      for (const kind of CALL_FAULTS) {
        const count = drawn.filter((each) => each === kind).length;
        if (kind === 'damage') expect(count).toBe(0);
        else expect(count, kind).toBeGreaterThan(50);
      }
    },
  );

  test('let an invocation that is given up stand still after its commit in one seed of four', () => {
    const late = PLANS.filter(({ calls, invocations }) =>
      calls.some(
        (fault) =>
          'invocation' in fault &&
          fault.operation === 'PutItem' &&
          fault.nth === 0 &&
          fault.kind === 'freeze-after' &&
          invocations.some(
            ({ invocation, kind }) => invocation === fault.invocation && kind === 'forsaken',
          ),
      ),
    );
    expect(late.length).toBeGreaterThan(SEEDS.length / 4);
  });

  test('are the same whenever they are drawn', () => {
    expect(SEEDS.slice(0, 50).map((seed) => randomPlan(seed, SIZE))).toEqual(PLANS.slice(0, 50));
  });
});
