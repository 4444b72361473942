import { describe, expect, test } from 'vitest';
import type { OutputMode } from '../../../lib/plan/plan.ts';
import { instants, tumbling } from '../../../lib/plan/window.ts';
import { PassDrive } from '../../support/passes.ts';
import {
  aggregate,
  aggregationPlan,
  planOf,
  SOURCE,
  sink,
  watermark,
} from '../../support/window-plans.ts';

const drive = (mode: OutputMode = 'append', delayMs = 0) =>
  new PassDrive(aggregationPlan({ window: instants() }, mode, { delayMs }));
const row = (at: number, key = 'a') => ({ key, at });
const group = (text: string, rows: number, key = 'a') => ({
  key,
  windowStart: `1970-01-01T00:00:${text}Z`,
  windowEnd: `1970-01-01T00:00:${text}Z`,
  rows,
});

describe('instants', () => {
  test('are one group for each event time and key, closed when the watermark is there', () => {
    const groups = drive('append', 10);
    expect(groups.push([row(100), row(101), row(100), row(100, 'b')]).rows['out']).toBeUndefined();
    expect(groups.push([row(110)]).rows['out']).toEqual(
      expect.arrayContaining([group('00.100', 2), group('00.100', 1, 'b')]),
    );
    expect(groups.push([row(112)]).rows['out']).toEqual([group('00.101', 1)]);
    expect(groups.state.rowCount()).toBe(2);
  });

  test('take no row at the watermark or before', () => {
    const groups = drive();
    groups.push([row(100)]);
    const { result, rows } = groups.push([row(100), row(99), row(101)]);
    expect(result.counts).toMatchObject({ late: 2, applied: 1 });
    expect(rows['out']).toEqual([group('00.101', 1)]);
  });

  test('may lie before 1970', () => {
    const plan = aggregationPlan({ window: instants() }, 'update', { startMs: null });
    expect(new PassDrive(plan).push([row(-1), row(-2), row(-1)]).rows['out']).toEqual([
      {
        key: 'a',
        windowStart: '1969-12-31T23:59:59.998Z',
        windowEnd: '1969-12-31T23:59:59.998Z',
        rows: 1,
      },
      {
        key: 'a',
        windowStart: '1969-12-31T23:59:59.999Z',
        windowEnd: '1969-12-31T23:59:59.999Z',
        rows: 2,
      },
    ]);
  });

  test('come out changed in update mode, and all in complete mode', () => {
    const changed = drive('update', 1_000);
    changed.push([row(100)]);
    expect(changed.push([row(100), row(101)]).rows['out']).toEqual([
      group('00.100', 2),
      group('00.101', 1),
    ]);
    const all = drive('complete');
    all.push([row(100)]);
    expect(all.push([row(99)]).rows['out']).toEqual([group('00.099', 1), group('00.100', 1)]);
  });

  test('tell the time of a window behind which they stand from the millisecond after it', () => {
    const behind = planOf([
      SOURCE,
      watermark(),
      aggregate({ uid: 'windows', window: tumbling('1 second') }),
      {
        kind: 'map',
        uid: 'later',
        inputs: ['watermark'],
        apply: (event: { at: number }) => event,
      },
      { kind: 'union', uid: 'both', inputs: ['windows', 'later'] },
      aggregate({ inputs: ['both'], window: instants() }),
      sink('groups', 'append'),
    ]);
    const groups = new PassDrive(behind);
    groups.push([row(500), row(1_000)]);
    expect(groups.push([row(1_001)]).rows['out']).toEqual([group('01.001', 1)]);
    const both = new PassDrive(behind);
    both.push([row(500), row(999)]);
    expect(both.push([row(1_000)]).rows['out']).toEqual([
      group('00.999999', 1),
      group('01.000', 1),
    ]);
  });

  test('keep their time for a window behind them', () => {
    const behind = planOf([
      SOURCE,
      watermark(),
      aggregate({ uid: 'moments', window: instants() }),
      aggregate({ inputs: ['moments'], window: tumbling('1 second') }),
      sink('groups', 'append'),
    ]);
    const groups = new PassDrive(behind);
    groups.push([row(999), row(1_000)]);
    expect(groups.push([row(2_000)]).rows['out']).toEqual([
      {
        key: 'a',
        windowStart: '1970-01-01T00:00:01.000Z',
        windowEnd: '1970-01-01T00:00:02.000Z',
        rows: 1,
      },
    ]);
  });
});
