// Other cuts of the same input, by a seed: a vector's result must not depend on them.

/** Records by source, in the order of arrival. */
export type Batch = Readonly<Record<string, readonly unknown[]>>;

/** Numbers below `limit`, the same for the same seed. */
export type Draw = (limit: number) => number;

/** A small generator: numbers only have to differ from cut to cut. */
export function drawFrom(seed: number): Draw {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  return (limit) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % limit;
  };
}

export const isEmpty = (batch: Batch): boolean =>
  Object.values(batch).every((rows) => rows.length === 0);

/** One record per batch. */
export function singles(steps: readonly Batch[]): Batch[] {
  return steps.flatMap((step) =>
    isEmpty(step)
      ? [step]
      : Object.entries(step).flatMap(([source, rows]) => rows.map((row) => ({ [source]: [row] }))),
  );
}

/** All records in one batch. */
export function whole(steps: readonly Batch[]): Batch[] {
  const all: Record<string, unknown[]> = {};
  for (const step of steps) {
    for (const [source, rows] of Object.entries(step)) {
      all[source] = [...(all[source] ?? []), ...rows];
    }
  }
  return [all];
}

/** Each step in a few batches; what sources bring is mixed, and stays in order for each of them. */
export function finer(steps: readonly Batch[], draw: Draw): Batch[] {
  return steps.flatMap((step) => {
    if (isEmpty(step)) return [step];
    const left = Object.entries(step).map(([source, rows]) => ({ source, rows: [...rows] }));
    const batches: Batch[] = [];
    while (left.some(({ rows }) => rows.length > 0)) {
      const batch: Record<string, unknown[]> = {};
      const waiting = left.filter(({ rows }) => rows.length > 0);
      const taken = waiting.filter(() => draw(3) > 0);
      for (const { source, rows } of taken.length > 0 ? taken : [waiting[0]!]) {
        batch[source] = rows.splice(0, 1 + draw(rows.length));
      }
      batches.push(batch);
    }
    return batches;
  });
}
