import { describe, expect, test } from 'vitest';
import { collectList, count, kinesis, pipeline, s3, session } from '../../../lib/index.ts';
import { createEngineWorld } from '../../support/engine-world.ts';

interface Visit {
  readonly at: number;
  readonly user: string;
}

const MINUTE = 60_000;
const START_MS = Date.UTC(2026, 0, 1) - 60 * MINUTE;
const visits = pipeline('visits')
  .from(kinesis<Visit>('events').partitionedBy('user'))
  .withWatermark('at', '0 seconds')
  .keyBy('user')
  .window(session('1 minute'));
const limits = { recordDeltaBytesMax: 1_000 };

describe('one record whose commit would be too large', () => {
  test('is not to blame for what its time closes', async () => {
    const plan = visits.aggregate({ visits: count() }).to(s3('rows'), { mode: 'append' }).plan();
    const at = createEngineWorld({ plan, task: limits });
    const task = at.sandbox();
    const users = Array.from({ length: 60 }, (_, index) => `user-${index}-${'x'.repeat(40)}`);
    await task(at.push(users.map((user) => ({ at: START_MS, user }))));
    await task(at.push([{ at: START_MS + 10 * MINUTE, user: 'late riser' }]));
    expect(at.lines('dead-letters/')).toEqual([]);
    expect(at.lines('rows/')).toHaveLength(60);
  });

  test('is set aside when its own changes are it', async () => {
    const plan = visits
      .aggregate({ users: collectList('user') })
      .to(s3('rows'), { mode: 'append' })
      .plan();
    const at = createEngineWorld({ plan, task: limits });
    await at.sandbox()(at.push([{ at: START_MS, user: 'x'.repeat(2_000) }]));
    expect(at.lines('dead-letters/')).toMatchObject([{ reason: 'too-much-state' }]);
  });
});
