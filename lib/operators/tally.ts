// How often each number occurred: number, count, number, count, …, by ascending number. A tally is a
// function of the numbers alone, in whatever order and however divided they came; it is never changed
// in place, because drafts share values with the warm state.

export type Tally = readonly number[];

/** A tally with one more occurrence of `value`. */
export function withOne(tally: Tally, value: number): Tally {
  let [low, high] = [0, tally.length / 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tally[2 * middle]! < value) low = middle + 1;
    else high = middle;
  }
  const place = 2 * low;
  const next = tally.slice();
  if (tally[place] === value) next[place + 1]! += 1;
  else next.splice(place, 0, value, 1);
  return next;
}

/** The occurrences of both. */
export function together(left: Tally, right: Tally): Tally {
  const merged: number[] = [];
  let [one, other] = [0, 0];
  while (one < left.length || other < right.length) {
    // Beyond the end of a tally is Infinity, which no number is.
    const mine = left[one] ?? Number.POSITIVE_INFINITY;
    const theirs = right[other] ?? Number.POSITIVE_INFINITY;
    let count = 0;
    if (mine <= theirs) {
      count += left[one + 1]!;
      one += 2;
    }
    if (theirs <= mine) {
      count += right[other + 1]!;
      other += 2;
    }
    merged.push(Math.min(mine, theirs), count);
  }
  return merged;
}

/** How many numbers there are, each as often as it occurred. */
export function sizeOf(tally: Tally): number {
  let size = 0;
  for (let index = 1; index < tally.length; index += 2) size += tally[index]!;
  return size;
}

/** The number at a rank from 1 to the size, counted from the least. */
export function atRank(tally: Tally, rank: number): number {
  let left = rank;
  let index = 0;
  while (left > tally[index + 1]!) {
    left -= tally[index + 1]!;
    index += 2;
  }
  return tally[index]!;
}
