import { describe, expect, test } from 'vitest';
import { type CallFault, calmPlan } from '../../../../lib/testing/faults/fault-plan.ts';
import { FaultSelection } from '../../../../lib/testing/faults/fault-selection.ts';
import type { TracedCall } from '../../../../lib/testing/world/network.ts';

/** Calls of one operation each, by the invocations that send them. */
function kindsOf(fault: CallFault, calls: readonly (readonly [number, string])[]) {
  const selection = new FaultSelection({ ...calmPlan(1), calls: [fault] });
  return calls.map(([invocation, operation], index) =>
    selection.ofCall({ index, operation, sandbox: { invocation } } as TracedCall),
  );
}

const CALLS = [
  [0, 'PutItem'],
  [1, 'PutItem'],
  [1, 'GetItem'],
  [0, 'PutItem'],
  [1, 'PutItem'],
] as const;

describe('the fault of a call', () => {
  test('strikes the one call at its place among all', () => {
    const kinds = kindsOf({ call: 2, kind: 'deny' }, CALLS);
    expect(kinds).toEqual([undefined, undefined, 'deny', undefined, undefined]);
  });

  test('strikes the one call at its place among those of its operation', () => {
    const kinds = kindsOf({ operation: 'PutItem', nth: 2, kind: 'hold' }, CALLS);
    expect(kinds).toEqual([undefined, undefined, undefined, 'hold', undefined]);
  });

  test('strikes the one call at its place among those of its operation in an invocation', () => {
    const kinds = kindsOf({ invocation: 1, operation: 'PutItem', nth: 1, kind: 'hold' }, CALLS);
    expect(kinds).toEqual([undefined, undefined, undefined, undefined, 'hold']);
  });
});
