// What became of each scenario: for the table at the end, and as JSON for the runner.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Where the runner wants the report; without it the table is printed by the suite. */
export const REPORT_VARIABLE = 'RIVULET_SCENARIOS_REPORT';

export type Outcome = 'passed' | 'skipped' | 'failed';

export interface ScenarioResult {
  readonly scenario: string;
  readonly outcome: Outcome;
  /** Why it was skipped or failed. */
  readonly reason: string;
  readonly seconds: number;
}

export interface SuiteReport {
  readonly target: string;
  readonly promised: number | 'all';
  readonly scenarios: readonly ScenarioResult[];
  /** What could not be removed, one sentence each. */
  readonly left: readonly string[];
  readonly seconds: number;
}

/** The table: one line per scenario, then how many ran. */
export function formatReport({ target, scenarios, left, seconds }: SuiteReport): string {
  const width = Math.max(8, ...scenarios.map(({ scenario }) => scenario.length));
  const lines = scenarios.map(({ scenario, outcome, reason, seconds: took }) =>
    `${scenario.padEnd(width)}  ${outcome.padEnd(7)}  ${took.toFixed(1).padStart(6)} s  ${firstLine(reason)}`.trimEnd(),
  );
  const counted = (outcome: Outcome) =>
    scenarios.filter((scenario) => scenario.outcome === outcome).length;
  return [
    `scenarios on ${target}`,
    ...lines,
    ...left.map((sentence) => `left behind: ${sentence}`),
    `${counted('passed')} passed, ${counted('skipped')} skipped, ${counted('failed')} failed in ${Math.round(seconds)} s`,
  ].join('\n');
}

/** Hands the report to the runner, or prints it. */
export function publishReport(report: SuiteReport): void {
  const path = process.env[REPORT_VARIABLE];
  if (path === undefined) {
    process.stdout.write(`\n${formatReport(report)}\n`);
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(report));
}

const firstLine = (text: string) => text.split('\n')[0] ?? '';
