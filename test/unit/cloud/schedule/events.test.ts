import { describe, expect, test } from 'vitest';
import { createEvents } from '../../../../lib/cloud/schedule/events.ts';
import {
  nextScheduledMs,
  parseSchedule,
} from '../../../../lib/cloud/schedule/schedule-expression.ts';
import { ServiceError } from '../../../../lib/cloud/service.ts';

const START = '2024-01-31T10:07:30.000Z';
const START_MS = Date.parse(START);
const TARGET = { Id: 'task', Arn: 'arn:aws:lambda:us-east-1:000000000000:function:task' };

/** The next times of an expression after 2024-01-31T10:07:30Z, a Wednesday. */
function timesOf(expression: string, count: number): string[] {
  const schedule = parseSchedule(expression)!;
  const times: string[] = [];
  let afterMs = START_MS;
  for (let index = 0; index < count; index += 1) {
    const nextMs = nextScheduledMs(schedule, { createdMs: START_MS, afterMs });
    if (nextMs === null) break;
    times.push(new Date(nextMs).toISOString().slice(0, 16));
    afterMs = nextMs;
  }
  return times;
}

describe('rates', () => {
  test('count from the creation of the rule', () => {
    const schedule = parseSchedule('rate(5 minutes)')!;
    const next = (afterMs: number) => nextScheduledMs(schedule, { createdMs: 1_000, afterMs });
    expect([next(1_000), next(300_999), next(301_000)]).toEqual([301_000, 301_000, 601_000]);
  });

  test.each([
    ['rate(1 minute)', true],
    ['rate(2 hours)', true],
    ['rate(1 day)', true],
    ['rate(1 minutes)', false],
    ['rate(2 minute)', false],
    ['rate(0 minutes)', false],
    ['rate(5 seconds)', false],
    ['rate(-1 day)', false],
    ['every 5 minutes', false],
  ])('%s is a schedule: %s', (expression, valid) => {
    expect(parseSchedule(expression) !== undefined).toBe(valid);
  });
});

describe('cron expressions, in UTC', () => {
  test.each([
    ['cron(* * * * ? *)', ['2024-01-31T10:08', '2024-01-31T10:09']],
    ['cron(0/15 * * * ? *)', ['2024-01-31T10:15', '2024-01-31T10:30']],
    ['cron(15 10 * * ? *)', ['2024-01-31T10:15', '2024-02-01T10:15']],
    [
      'cron(0 18 ? * MON-FRI *)',
      ['2024-01-31T18:00', '2024-02-01T18:00', '2024-02-02T18:00', '2024-02-05T18:00'],
    ],
    ['cron(0 8 1 * ? *)', ['2024-02-01T08:00', '2024-03-01T08:00']],
    ['cron(0 0 L * ? *)', ['2024-02-29T00:00', '2024-03-31T00:00']],
    ['cron(0 0 3W * ? *)', ['2024-02-02T00:00', '2024-03-04T00:00']],
    ['cron(0 0 LW * ? *)', ['2024-02-29T00:00', '2024-03-29T00:00']],
    [
      'cron(0 0 ? * 6L 2024)',
      ['2024-02-23T00:00', '2024-03-29T00:00', '2024-04-26T00:00', '2024-05-31T00:00'],
    ],
    ['cron(0 0 ? * 3#2 *)', ['2024-02-13T00:00', '2024-03-12T00:00']],
    ['cron(30 9,21 ? FEB,APR SUN 2024)', ['2024-02-04T09:30', '2024-02-04T21:30']],
    ['cron(0 0 29 2 ? *)', ['2024-02-29T00:00', '2028-02-29T00:00']],
    ['cron(0 12 ? * L *)', ['2024-02-03T12:00']],
  ])('%s', (expression, expected) => {
    expect(timesOf(expression, expected.length)).toEqual(expected);
  });

  test('end with their last year', () => {
    expect(timesOf('cron(0 0 1 1 ? 2025-2026)', 9)).toEqual([
      '2025-01-01T00:00',
      '2026-01-01T00:00',
    ]);
    expect(timesOf('cron(0 0 30 2 ? *)', 1)).toEqual([]);
  });

  test.each([
    'cron(* * * * * *)',
    'cron(* * ? * ? *)',
    'cron(60 * * * ? *)',
    'cron(* 24 * * ? *)',
    'cron(* * 0 * ? *)',
    'cron(* * 32W * ? *)',
    'cron(* * * 13 ? *)',
    'cron(* * ? * 8 *)',
    'cron(* * * * ?)',
    'cron(5-3 * * * ? *)',
    'cron(*/0 * * * ? *)',
    'cron(x * * * ? *)',
  ])('%s is refused', (expression) => {
    expect(parseSchedule(expression)).toBeUndefined();
  });
});

describe('rules', () => {
  function driveRule(rule: object = {}, target: object = TARGET) {
    const events = createEvents();
    const call = (operation: string, input: object, nowMs = START_MS) =>
      events.call(operation, input, { nowMs });
    call('PutRule', { Name: 'fold', ScheduleExpression: 'rate(5 minutes)', ...rule });
    call('PutTargets', { Rule: 'fold', Targets: [target] });
    return { events, call };
  }

  test('fire their targets with a scheduled event', () => {
    const { events } = driveRule();
    expect(events.nextDueMs()).toBe(START_MS + 300_000);
    expect(events.due(START_MS + 299_999)).toEqual([]);
    const [firing] = events.due(START_MS + 300_000);
    expect(firing).toMatchObject({ ruleName: 'fold', targetArn: TARGET.Arn });
    expect(JSON.parse(firing!.payload)).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      time: '2024-01-31T10:12:30Z',
      region: 'us-east-1',
      resources: ['arn:aws:events:us-east-1:000000000000:rule/fold'],
      detail: {},
    });
    expect(events.due(START_MS + 300_000)).toEqual([]);
  });

  test('fire once for all the times that were missed', () => {
    const { events } = driveRule();
    expect(events.due(START_MS + 3_600_000)).toHaveLength(1);
    expect(events.nextDueMs()).toBe(START_MS + 3_900_000);
  });

  test('give a target its own input', () => {
    const { events } = driveRule({}, { ...TARGET, Input: '{"fold":true}' });
    expect(events.due(START_MS + 300_000)).toMatchObject([{ payload: '{"fold":true}' }]);
  });

  test('stand still while they are disabled and do not catch up', () => {
    const { events, call } = driveRule();
    call('DisableRule', { Name: 'fold' });
    expect(events.nextDueMs()).toBeNull();
    call('EnableRule', { Name: 'fold' }, START_MS + 3_600_000);
    expect(events.due(START_MS + 3_600_000)).toEqual([]);
    expect(events.nextDueMs()).toBe(START_MS + 3_900_000);
  });

  test('keep their times when they are put again unchanged, and restart with a new schedule', () => {
    const { events, call } = driveRule();
    const rule = { Name: 'fold', ScheduleExpression: 'rate(5 minutes)' };
    call('PutRule', rule, START_MS + 60_000);
    expect(events.nextDueMs()).toBe(START_MS + 300_000);
    call('PutRule', { ...rule, ScheduleExpression: 'rate(1 minute)' }, START_MS + 90_000);
    expect(events.nextDueMs()).toBe(START_MS + 150_000);
    expect(events.due(START_MS + 150_000)).toHaveLength(1);
  });

  test('are shown, emptied and deleted', () => {
    const { call } = driveRule();
    expect(call('DescribeRule', { Name: 'fold' })).toMatchObject({ State: 'ENABLED' });
    expect(call('ListRules', {})).toMatchObject({ Rules: [{ Name: 'fold' }] });
    expect(() => call('DeleteRule', { Name: 'fold' })).toThrow(ServiceError);
    call('RemoveTargets', { Rule: 'fold', Ids: ['task'] });
    expect(call('ListTargetsByRule', { Rule: 'fold' })).toEqual({ Targets: [] });
    call('DeleteRule', { Name: 'fold' });
    expect(() => call('DescribeRule', { Name: 'fold' })).toThrow('does not exist');
  });

  test('need a schedule and a name', () => {
    const { call } = driveRule();
    expect(() => call('PutRule', { Name: 'x', ScheduleExpression: 'rate(1 week)' })).toThrow(
      'ScheduleExpression is not valid',
    );
    expect(() => call('PutRule', { Name: 'a b', ScheduleExpression: 'rate(1 day)' })).toThrow(
      'not a rule name',
    );
    expect(() => call('PutEvents', {})).toThrow('Events has no PutEvents');
  });

  test('go on from a dump', () => {
    const { events } = driveRule();
    const copy = createEvents();
    copy.load(structuredClone(events.dump()));
    expect(copy.due(START_MS + 300_000)).toEqual(events.due(START_MS + 300_000));
  });
});
