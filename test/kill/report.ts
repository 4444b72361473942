import { counted } from '../../localstack/demo/screen.ts';
import type { KillReport } from './kill-run.ts';
import { DISTURBANCES, type FaultKind, KILLS } from './plan.ts';
import { PORT_METHODS } from './port-call.ts';

const KINDS: readonly FaultKind[] = [...KILLS, ...DISTURBANCES];
const METHOD_WIDTH = 22;
const DIFFERENCES_SHOWN_MAX = 20;

/** The table of what struck where, and the differences if there are any. */
export function formatReport(report: KillReport): string {
  const { differences } = report;
  return [
    lineOf('', ['calls', ...KINDS]),
    ...PORT_METHODS.map((method) => {
      const here = report.struck.filter(({ fault }) => fault.method === method);
      const counts = KINDS.map((kind) => here.filter(({ fault }) => fault.kind === kind).length);
      return lineOf(method, [report.calls.get(method) ?? 0, ...counts].map(String));
    }),
    '',
    `${report.killsBetweenCommitAndReply} of ${report.kills} kills between a commit that was done and its reply; ` +
      `${counted(report.commits)} commits, ${counted(report.redelivered)} records delivered again, ` +
      `${counted(report.tableRows)} rows in DynamoDB, ${counted(report.s3Rows)} in S3`,
    ...differences.slice(0, DIFFERENCES_SHOWN_MAX).map((difference) => `  ${difference}`),
    ...(differences.length > DIFFERENCES_SHOWN_MAX
      ? [`  and ${counted(differences.length - DIFFERENCES_SHOWN_MAX)} differences more`]
      : []),
  ].join('\n');
}

/** `300 kills: 123,456 records in, 0 lost, 0 doubled, 312 s` */
export function summaryOf(report: KillReport): string {
  const { kills, recordsIn, lost, doubled, seconds } = report;
  return `${kills} kills: ${counted(recordsIn)} records in, ${lost} lost, ${doubled} doubled, ${Math.round(seconds)} s`;
}

/** How to run the same plan again. */
export const commandOf = (run: { readonly kills: number; readonly seed: number }) =>
  `npm run test:kill -- --kills ${run.kills} --seed ${run.seed}`;

function lineOf(name: string, cells: readonly string[]): string {
  const heads = ['calls', ...KINDS];
  const columns = cells.map((cell, index) => cell.padStart((heads[index]?.length ?? 0) + 2));
  return `${name.padEnd(METHOD_WIDTH)}${columns.join('')}`;
}
