// Which key's timer fires next: by time, and among timers of one time by the order of the keys.

/** The earliest timer of a key. */
export interface KeyTimer {
  readonly timeMs: number;
  readonly keyId: number;
  /** Place of the key among all keys of the queue. */
  readonly rank: number;
}

/** A binary heap: a key whose timer has fired often has another one that is due. */
export class TimerQueue {
  private readonly heap: KeyTimer[] = [];

  add(timer: KeyTimer): void {
    const { heap } = this;
    let place = heap.length;
    heap.push(timer);
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!isBefore(timer, heap[above]!)) break;
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = timer;
  }

  /** Takes the next timer out; `undefined` when there is none. */
  take(): KeyTimer | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, last)) break;
      heap[place] = heap[below]!;
      place = below;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(left: KeyTimer, right: KeyTimer): boolean {
  return left.timeMs < right.timeMs || (left.timeMs === right.timeMs && left.rank < right.rank);
}
