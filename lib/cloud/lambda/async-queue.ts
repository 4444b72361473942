// Asynchronous invocations ("How Lambda handles errors and retries with asynchronous invocation"):
// a failed one is tried twice more, after one and after two minutes; after six hours it is dropped.

const RETRY_DELAYS_MS = [60_000, 120_000];
const NOT_STARTED_DELAY_MS = 1_000;
const AGE_MAX_MS = 6 * 3_600_000;

export interface AsyncItem {
  readonly id: string;
  /** As it was named, with its qualifier. */
  readonly functionArn: string;
  readonly payload: string;
  readonly queuedMs: number;
  failures: number;
  notBeforeMs: number;
  inFlight: boolean;
}

export function nextDueOf(queue: readonly AsyncItem[]): number | null {
  const waiting = queue.filter((item) => !item.inFlight).map((item) => item.notBeforeMs);
  return waiting.length === 0 ? null : Math.min(...waiting);
}

/** Items to start now; those that grew too old are removed from the queue. */
export function takeDue(queue: AsyncItem[], nowMs: number): AsyncItem[] {
  for (let index = queue.length - 1; index >= 0; index -= 1) {
    const { inFlight, queuedMs } = queue[index]!;
    if (!inFlight && nowMs - queuedMs > AGE_MAX_MS) queue.splice(index, 1);
  }
  const due = queue.filter((item) => !item.inFlight && item.notBeforeMs <= nowMs);
  for (const item of due) item.inFlight = true;
  return due;
}

/** Removes a finished item, or puts it back for its next try. */
export function settleItem(
  queue: AsyncItem[],
  id: string,
  ended: { readonly kind: 'returned' | 'failed' | 'not-started'; readonly nowMs: number },
): void {
  const index = queue.findIndex((item) => item.id === id);
  const item = queue[index];
  if (item === undefined) return;
  item.inFlight = false;
  const delayMs =
    ended.kind === 'not-started' ? NOT_STARTED_DELAY_MS : RETRY_DELAYS_MS[item.failures];
  if (ended.kind === 'returned' || delayMs === undefined) {
    queue.splice(index, 1);
    return;
  }
  if (ended.kind === 'failed') item.failures += 1;
  item.notBeforeMs = ended.nowMs + delayMs;
}
