/** The longest interval of a timer. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Keeps the process waiting for `work`. Code of a user may wait for what never comes, with nothing
 * under way any more; Lambda takes an empty event loop for the end of the invocation and counts it as
 * a success, and records that were not committed yet would never be delivered again.
 */
export async function keepAwake<Result>(work: Promise<Result>): Promise<Result> {
  const timer = setInterval(() => {}, FOREVER_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
