import { expect, it } from 'vitest';
import { runKills } from '../kill/kill-run.ts';
import { DISTURBANCES, KILLS as KILL_KINDS } from '../kill/plan.ts';
import { commandOf } from '../kill/report.ts';

const KILLS = 25;
const SEED = 25;

it('sandboxes killed at chosen port calls lose nothing and count nothing twice', {
  timeout: 240_000,
}, async () => {
  const report = await runKills({ kills: KILLS, seed: SEED });

  const again = commandOf(report);
  expect(report.differences, again).toEqual([]);
  expect(report, again).toMatchObject({ kills: KILLS, lost: 0, doubled: 0 });
  expect(report.recordsIn).toBeGreaterThan(2_000);
  expect(report.killsBetweenCommitAndReply).toBeGreaterThanOrEqual(KILLS * 0.3);
  const kinds = new Set(report.struck.map(({ fault }) => fault.kind));
  expect([...kinds].sort(), again).toEqual([...KILL_KINDS, ...DISTURBANCES].sort());
});
