// A campaign: many runs of one mode over the workers, summed up.

import { createHash } from 'node:crypto';
import { bundleRunner } from './bundle.ts';
import { type Mode, runCountOf } from './plans.ts';
import type { Failure, PartResult } from './run-part.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface CampaignOptions {
  readonly mode: Mode;
  readonly scenarioNames: readonly string[];
  /** First index. */
  readonly first: number;
  /** Runs; all of the mode's when left out. */
  readonly count?: number;
  readonly pool: WorkerPool;
  readonly onProgress: (done: number, total: number) => void;
}

export interface CampaignResult {
  readonly mode: Mode;
  readonly first: number;
  readonly runCount: number;
  readonly failures: readonly Failure[];
  /** One digest of all traces, in the order of their indexes. */
  readonly digest: string;
  readonly rerunCount: number;
  readonly unequal: readonly number[];
  readonly reached: ReadonlyMap<string, number>;
  readonly struck: ReadonlyMap<string, number>;
  readonly commitCount: number;
  readonly recordCount: number;
  readonly seconds: number;
}

const RUNS_PER_PART = 50;

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { mode, scenarioNames, first, onProgress } = options;
  const startedMs = performance.now();
  const count = options.count ?? (await wholeCount(mode, scenarioNames)) - first;
  const parts = [];
  for (let from = first; from < first + count; from += RUNS_PER_PART) {
    const to = Math.min(first + count, from + RUNS_PER_PART);
    parts.push({ mode, from, to, scenarioNames, only: scenarioNames, untilCaught: false });
  }
  let done = 0;
  const results = await options.pool.run(await bundleRunner('engine', []), parts, () => {
    done += 1;
    onProgress(done, count);
  });
  return {
    mode,
    first,
    ...summed(results),
    seconds: (performance.now() - startedMs) / 1_000,
  };
}

/** Every run of the mode. */
async function wholeCount(mode: Mode, scenarioNames: readonly string[]): Promise<number> {
  const counts = await Promise.all(scenarioNames.map((name) => runCountOf(mode, name)));
  return counts.reduce((sum, count) => sum + count, 0);
}

function summed(results: readonly PartResult[]) {
  const digest = createHash('sha256');
  for (const result of results) for (const each of result.digests) digest.update(each);
  const sum = (pick: (result: PartResult) => number) =>
    results.reduce((total, result) => total + pick(result), 0);
  return {
    runCount: sum(({ runCount }) => runCount),
    failures: results.flatMap(({ failures }) => failures),
    digest: digest.digest('hex').slice(0, 16),
    rerunCount: sum(({ rerunCount }) => rerunCount),
    unequal: results.flatMap(({ unequal }) => unequal),
    reached: sumsOf(results.map(({ reached }) => reached)),
    struck: sumsOf(results.map(({ struck }) => struck)),
    commitCount: sum(({ commitCount }) => commitCount),
    recordCount: sum(({ recordCount }) => recordCount),
  };
}

function sumsOf(counts: readonly Readonly<Record<string, number>>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const each of counts) {
    for (const [name, count] of Object.entries(each)) {
      sums.set(name, (sums.get(name) ?? 0) + count);
    }
  }
  return new Map([...sums].sort(([left], [right]) => (left < right ? -1 : 1)));
}
