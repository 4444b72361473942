// CPU time of cases that take turns: a slow second of a shared machine then slows all of them, and
// the ratio of two cases stays what it is.

/** One thing to measure: CPU milliseconds per 10,000 records of one pass, warm-up left out. */
export interface Case {
  readonly name: string;
  readonly pass: () => Promise<number>;
}

/** Median and spread of the passes of one case. */
export interface Measured {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

/** CPU milliseconds of this process so far, all of its threads: compiler and collector included. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Runs every case `passes` times in turn, after one turn that only warms up. */
export async function measureInTurn(
  cases: readonly Case[],
  passes: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (let turn = 0; turn <= passes; turn += 1) {
    for (const { name, pass } of cases) {
      globalThis.gc?.();
      const ms = await pass();
      if (turn > 0) samples.get(name)!.push(ms);
    }
  }
  return samples;
}

/** Ratios of two cases, turn by turn. */
export function ratios(left: readonly number[], right: readonly number[]): Measured {
  return summarize(left.map((ms, turn) => ms / right[turn]!));
}

export function summarize(samples: readonly number[]): Measured {
  const sorted = samples.toSorted((left, right) => left - right);
  return { median: sorted[sorted.length >> 1]!, least: sorted[0]!, greatest: sorted.at(-1)! };
}
