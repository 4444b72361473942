// The deployed example under as many seeds as asked for:
//   node --conditions=rivulet-source --import tsx test/simulation/user-mistakes/many-seeds.ts 10000

import { pathToFileURL } from 'node:url';
import { type SimulationReport, simulate } from 'rivulet/testing';
import delays from '../../../functions/pipelines/delays.ts';

/** Departures of three airports in two hours, the second ones late for half of the watermark's delay. */
const departures = Array.from({ length: 12 }, (_, index) => ({
  departedAt: Date.UTC(2026, 0, 1, 12) + index * 600_000 - (index % 2) * 300_000,
  origin: ['LAS', 'PHL', 'SFO'][index % 3]!,
  destination: 'JFK',
  delay: (index * 7) % 40,
  distance: 2_000 + index / 10,
}));

export const simulateDelays = (
  seeds: number,
  onProgress: (progress: { readonly done: number }) => void = () => {},
): Promise<SimulationReport> => simulate(delays, { events: departures, seeds, onProgress });

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const seeds = Number(process.argv[2] ?? 1_000);
  const startMs = performance.now();
  const report = await simulateDelays(seeds, ({ done }) => {
    if (done % 1_000 === 0) console.log(`${done} seeds`);
  });
  const { user } = process.cpuUsage();
  const tookMs = performance.now() - startMs;
  console.log(report.failure?.words ?? 'passed');
  console.log(
    `${report.runCount} runs, ${(tookMs / seeds).toFixed(1)} ms each, ${(user / 1_000 / seeds).toFixed(1)} ms of CPU each`,
  );
  process.exitCode = report.passed ? 0 : 1;
}
