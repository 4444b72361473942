/**
 * Waits for every promise before it throws the first failure. An invocation must not end, and
 * so freeze the sandbox, while one of its requests is still under way.
 */
export async function settleAll<Values extends readonly unknown[]>(
  pending: {
    readonly [Index in keyof Values]: Promise<Values[Index]>;
  },
): Promise<Values> {
  const settled = await Promise.allSettled(pending);
  const values = settled.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value as unknown;
  });
  return values as unknown as Values;
}
