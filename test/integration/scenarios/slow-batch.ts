// A batch that no invocation can finish: after two that ran out of time it is halved, and the one that
// commits the first half has no time for the second. It says so, and gets the second half alone.

import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import { readNdjson } from '../../../localstack/demo/outputs.ts';
import { MARCH_MS } from '../../support/departures.ts';
import { TASK_TIMEOUT_S } from './assembly.ts';
import { auditOf, authorshipOf, recordsCommitted } from './commits.ts';
import type { MinuteRow, Step } from './fixtures/slow.ts';
import { until } from './poll.ts';
import type { Suite } from './suite.ts';

const MACHINES = ['drill', 'lathe', 'press'];
const STEPS = 12;
/** A half of them leaves less time than a task begins another part with, and enough to commit. */
const WORKS_MS = (TASK_TIMEOUT_S * 1_000 * 0.7) / (STEPS / 2);
const MINUTE_MS = 60_000;
const COMMITTED_WITHIN_MS = 90_000;
const PUBLISHED_WITHIN_MS = 30_000;

export async function takeInParts({ target, slow }: Suite): Promise<void> {
  const { clients } = target;
  const steps: Step[] = [];
  const push = async (part: readonly Step[]) => {
    steps.push(...part);
    await clients.kinesis.send(
      new PutRecordsCommand({
        StreamName: slow.stream,
        Records: part.map((step) => ({
          PartitionKey: step.machine,
          Data: Buffer.from(JSON.stringify(step)),
        })),
      }),
    );
    await until(
      `${steps.length} steps committed`,
      () => recordsCommitted(clients, slow),
      (committed) => committed >= steps.length,
      COMMITTED_WITHIN_MS,
    );
  };
  await push(
    Array.from({ length: STEPS }, (_, index) => ({
      machine: MACHINES[index % MACHINES.length]!,
      endedAt: MARCH_MS + index * 1_000,
      worksMs: WORKS_MS,
    })),
  );
  expect((await authorshipOf(clients, slow)).length).toBeGreaterThan(1);
  await push([{ machine: MACHINES[0]!, endedAt: MARCH_MS + 2 * MINUTE_MS, worksMs: 0 }]);

  const { differences, totals } = await auditOf(clients, slow);
  expect(differences).toEqual([]);
  expect(totals).toMatchObject({ applied: steps.length, dead: 0, late: 0, duplicate: 0 });
  const place = { bucket: slow.bucket, prefix: slow.rowsPrefix };
  await until(
    'the finished minute exact',
    async () => (await readNdjson<MinuteRow>(clients.s3, place)).map(sentenceOf).sort(),
    (rows) => JSON.stringify(rows) === JSON.stringify(finishedOf(steps)),
    PUBLISHED_WITHIN_MS,
  );
}

/** The plain computation: all minutes but the newest. */
function finishedOf(steps: readonly Step[]): readonly string[] {
  const newest = Math.max(...steps.map(({ endedAt }) => minuteOf(endedAt)));
  const counts = new Map<string, MinuteRow>();
  for (const { machine, endedAt } of steps) {
    if (minuteOf(endedAt) === newest) continue;
    const windowStart = new Date(minuteOf(endedAt)).toISOString();
    const key = `${machine} ${windowStart}`;
    counts.set(key, { machine, windowStart, steps: (counts.get(key)?.steps ?? 0) + 1 });
  }
  return [...counts.values()].map(sentenceOf).sort();
}

const minuteOf = (timeMs: number) => Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;

const sentenceOf = ({ machine, windowStart, steps }: MinuteRow) =>
  `${machine} has ${steps} in the minute of ${windowStart}`;
