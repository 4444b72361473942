import { describe, expect, test } from 'vitest';
import { hashOfKey, keyGroupOf } from '../../../lib/model/hash-range.ts';
import type { AggregateSpec, OutputMode, Plan } from '../../../lib/plan/plan.ts';
import { session } from '../../../lib/plan/window.ts';
import { KeyedState } from '../../../lib/state/keyed-state.ts';
import { PassDrive } from '../../support/passes.ts';
import {
  aggregate,
  aggregationPlan,
  keyOf,
  planOf,
  SOURCE,
  sink,
  watermark,
} from '../../support/window-plans.ts';

type Row = Record<string, unknown>;

const GAP = session('10 milliseconds');
const by = (kind: 'count' | 'sum' | 'first' | 'last' | 'collectList', field: string) =>
  ({ kind, input: { kind: 'field', field }, decimalScale: null }) satisfies AggregateSpec;
const aggregates = { list: by('collectList', 'v') };

const drive = (mode: OutputMode = 'append', plan: Plan = sessionPlan(mode)) => new PassDrive(plan);
const sessionPlan = (mode: OutputMode = 'append', delayMs = 0) =>
  aggregationPlan({ window: GAP, aggregates }, mode, { delayMs });

const row = (at: number, v: unknown = at, key = 'a') => ({ key, at, v });
const ms = (text: unknown) => Date.parse(String(text));
/** Key, start, end, list. */
const shown = (rows: readonly Row[] = []) =>
  rows.map(({ key, windowStart, windowEnd, list }) => [key, ms(windowStart), ms(windowEnd), list]);

describe('sessions', () => {
  test('hold the rows whose gaps touch, and end a gap after the last', () => {
    const sessions = drive('append', sessionPlan('append', 100));
    sessions.push([row(100), row(110), row(121), row(95)]);
    expect(shown(sessions.push([row(300)]).rows['out'])).toEqual([
      ['a', 95, 120, [100, 110, 95]],
      ['a', 121, 131, [121]],
    ]);
  });

  test('are of one key each, and come by start, then by key group and key', () => {
    const sessions = drive();
    sessions.push([row(100, 1, 'b'), row(101, 2, 'a'), row(100, 3, 'c'), row(104, 4, 'a')]);
    const keys = ['b', 'c'].sort((left, right) => keyGroup(left) - keyGroup(right));
    expect(shown(sessions.push([row(200)]).rows['out'])).toEqual([
      ...keys.map((key) => [key, 100, 110, [key === 'b' ? 1 : 3]]),
      ['a', 101, 114, [2, 4]],
    ]);
  });

  test('that a row joins become one, in the order of their starts, the row last', () => {
    const plan = aggregationPlan(
      {
        window: GAP,
        aggregates: {
          list: by('collectList', 'v'),
          first: by('first', 'v'),
          last: by('last', 'v'),
          sum: by('sum', 'v'),
          text: {
            kind: 'custom',
            zero: () => '',
            add: (text: string, event: { v: number }) => `${text}${event.v}`,
            merge: (left: string, right: string) => `${left}+${right}`,
            result: (text: string) => text,
          } as unknown as AggregateSpec,
        },
      },
      'append',
      { delayMs: 100 },
    );
    const sessions = drive('append', plan);
    sessions.push([row(140, 1), row(120, 2), row(100, 3), row(142, 4)]);
    sessions.push([row(110, 5)]);
    expect(sessions.push([row(130, 6), row(300, 7)]).rows['out']).toEqual([
      {
        key: 'a',
        windowStart: '1970-01-01T00:00:00.100Z',
        windowEnd: '1970-01-01T00:00:00.152Z',
        list: [3, 2, 5, 1, 4, 6],
        first: 3,
        last: 6,
        sum: 21,
        text: '3+25+146',
      },
    ]);
  });

  test('reduce what they hold, and what they join', () => {
    const { aggregates: _, ...rest } = aggregate();
    const reduced = planOf([
      SOURCE,
      watermark({ delayMs: 100 }),
      {
        ...rest,
        kind: 'reduce',
        window: GAP,
        reduce: (left: { v: string }, right: { v: string }) => ({ v: `(${left.v}${right.v})` }),
      },
      sink('groups', 'append'),
    ]);
    const sessions = drive('append', reduced);
    sessions.push([row(120, 'x'), row(125, 'y'), row(100, 'z')]);
    expect(sessions.push([row(110, 'w'), row(300, '-')]).rows['out']).toMatchObject([
      { key: 'a', v: '((z(xy))w)' },
    ]);
  });

  test('close when the watermark reaches their end, and leave nothing', () => {
    const sessions = drive();
    expect(sessions.push([row(100), row(109, 1, 'b')]).rows['out']).toBeUndefined();
    expect(sessions.state.rowCount()).toBe(2);
    expect(shown(sessions.push([row(110, 2, 'b')]).rows['out'])).toEqual([['a', 100, 110, [100]]]);
    expect(sessions.state.rowCount()).toBe(1);
    expect(shown(sessions.push([row(121, 3, 'c')]).rows['out'])).toEqual([['b', 109, 120, [1, 2]]]);
    expect(sessions.state.rowCount()).toBe(1);
  });

  test('take a row that is behind the watermark while its own end is not', () => {
    const sessions = drive();
    sessions.push([row(100)]);
    const { rows, result } = sessions.push([row(91), row(90)]);
    expect(rows['out']).toBeUndefined();
    expect(result.counts).toMatchObject({ applied: 1, late: 1 });
    expect(shown(sessions.push([row(200)]).rows['out'])).toEqual([['a', 91, 110, [100, 91]]]);
  });

  test('refuse a row whose own end has passed, also where a session would take it', () => {
    const plan = planOf([
      SOURCE,
      watermark(),
      aggregate({ window: GAP, aggregates, lateSink: 'late' }),
      sink('groups', 'append'),
      { ...sink('groups', 'append', 'late'), inputs: [] },
    ]);
    const sessions = drive('append', plan);
    sessions.push([row(100), row(105)]);
    const { late, result } = sessions.push([row(95), row(96)]);
    expect(late).toMatchObject([{ key: 'a', at: 95, v: 95 }]);
    expect(result.counts).toMatchObject({ applied: 1, late: 1, lateRows: 0 });
  });

  test('of several keys may be many at once, in any order', () => {
    const sessions = drive('append', sessionPlan('append', 1_000));
    sessions.push([row(300), row(100), row(200), row(100, 1, 'b'), row(200, 2, 'b')]);
    expect(sessions.state.rowCount()).toBe(5);
    sessions.push([row(1_150)]);
    expect(sessions.state.rowCount()).toBe(4);
    sessions.push([row(405), row(205), row(301)]);
    sessions.state = KeyedState.fromSegments(
      sessions.state.encodeSegments().map(({ bytes }) => bytes),
    );
    expect(shown(sessions.push([row(1_500)]).rows['out'])).toEqual(
      [
        ['a', 200, 215, [200, 205]],
        ['b', 200, 210, [2]],
        ['a', 300, 311, [300, 301]],
        ['a', 405, 415, [405]],
      ].sort(
        (left, right) =>
          Number(left[1]) - Number(right[1]) || keyGroup(left[0]) - keyGroup(right[0]),
      ),
    );
    expect(sessions.state.rowCount()).toBe(2);
  });

  test('without a key are those of all rows', () => {
    const plan = aggregationPlan({ window: GAP, aggregates, key: keyOf() });
    const sessions = drive('append', plan);
    sessions.push([row(100, 1, 'a'), row(105, 2, 'b')]);
    expect(sessions.push([row(200)]).rows['out']).toEqual([
      {
        windowStart: '1970-01-01T00:00:00.100Z',
        windowEnd: '1970-01-01T00:00:00.115Z',
        list: [1, 2],
      },
    ]);
  });

  test('close by the watermark of their key group', () => {
    const sessions = drive('append', sessionPlan('append', 1_000));
    const group = keyGroup('a');
    sessions.push([row(100, 1, 'a'), row(100, 2, 'b')]);
    sessions.floors = [{ firstKeyGroup: group, lastKeyGroup: group, watermarkMs: 110 }];
    const { rows, result } = sessions.push([row(99, 3, 'c'), row(101, 3, 'b')]);
    expect(shown(rows['out'])).toEqual([['a', 100, 110, [1]]]);
    expect(result.counts.applied).toBe(2);
    expect(sessions.push([row(100, 4, 'a')]).result.counts.late).toBe(1);
  });
});

describe('a gap', () => {
  const gaps = (mode: OutputMode = 'append') =>
    drive(
      mode,
      aggregationPlan(
        {
          window: session((event: { gap: unknown }) => {
            if (event.gap === 'throws') throw new Error('no gap');
            if (event.gap === 'endless') return Number.POSITIVE_INFINITY;
            if (event.gap === 'none') return Number.NaN;
            return event.gap as number;
          }),
          aggregates,
        },
        mode,
        { delayMs: 100 },
      ),
    );
  const gapped = (at: number, gap: unknown, v: unknown = at) => ({ key: 'a', at, v, gap });

  test('may be another for each row', () => {
    const sessions = gaps();
    sessions.push([gapped(100, 50), gapped(120, 5), gapped(150, 10.9), gapped(161, 1)]);
    expect(shown(sessions.push([gapped(300, 1)]).rows['out'])).toEqual([
      ['a', 100, 160, [100, 120, 150]],
      ['a', 161, 162, [161]],
    ]);
  });

  test.each([0, -10, 0.5, 'endless', 'none'])('of %s leaves its row out', (gap) => {
    const sessions = gaps('update');
    const { rows, result, dead } = sessions.push([gapped(100, gap)]);
    expect([rows['out'], dead]).toEqual([undefined, []]);
    expect(result.counts).toMatchObject({ filtered: 1, applied: 0, late: 0, dead: 0 });
    expect(sessions.state.rowCount()).toBe(0);
  });

  test.each([
    ['throws', "operator 'groups' threw Error: no gap"],
    ['10', "operator 'groups' gave a gap that is no number"],
    [null, "operator 'groups' gave a gap that is no number"],
    [4e12, "operator 'groups' gave a gap of more than 3153600000000 ms"],
  ])('of %s is a fault of its record', (gap, detail) => {
    const sessions = gaps('update');
    expect(sessions.push([gapped(100, gap)]).dead).toMatchObject([
      { reason: 'operator-failed', detail },
    ]);
    expect(sessions.state.rowCount()).toBe(0);
  });
});

describe('sessions in other modes', () => {
  test('come out changed in update mode', () => {
    const sessions = drive('update');
    expect(shown(sessions.push([row(100), row(130, 1, 'b')]).rows['out'])).toEqual([
      ['a', 100, 110, [100]],
      ['b', 130, 140, [1]],
    ]);
    expect(shown(sessions.push([row(135, 2, 'b')]).rows['out'])).toEqual([['b', 130, 145, [1, 2]]]);
    expect(sessions.push(['no event']).rows['out']).toBeUndefined();
    expect(sessions.state.rowCount()).toBe(1);
  });

  test('are all kept in complete mode, which still refuses late rows', () => {
    const sessions = drive('complete');
    sessions.push([row(100)]);
    sessions.push([row(200)]);
    const { rows, result } = sessions.push([row(105), row(195)]);
    expect(result.counts).toMatchObject({ applied: 1, late: 1 });
    expect(shown(rows['out'])).toEqual([
      ['a', 100, 110, [100]],
      ['a', 195, 210, [200, 195]],
    ]);
  });
});

test('sessions that complete mode keeps go to an operator behind once', () => {
  const plan = planOf([
    SOURCE,
    watermark(),
    aggregate({ window: GAP, aggregates }),
    sink('groups', 'complete'),
    aggregate({
      uid: 'behind',
      inputs: ['groups'],
      key: keyOf(),
      window: { kind: 'time', sizeMs: 1_000, slideMs: 1_000 },
    }),
    sink('behind', 'append', 'closed'),
  ]);
  const sessions = drive('complete', plan);
  sessions.push([row(100)]);
  sessions.push([row(200)]);
  sessions.push([row(300)]);
  const { rows } = sessions.push([row(2_000)]);
  expect(rows['out']).toHaveLength(4);
  expect(rows['closed']).toMatchObject([{ rows: 3 }]);
});

describe('a record that fails', () => {
  test('after it has joined sessions leaves them as they were', () => {
    const plan = aggregationPlan(
      {
        window: GAP,
        aggregates: {
          list: {
            kind: 'custom',
            zero: () => [],
            add: (list: unknown[], event: { v: unknown }) => {
              if (event.v === 'bad') throw new Error('bad');
              return [...list, event.v];
            },
            merge: (left: unknown[], right: unknown[]) => [...left, ...right],
            result: (list: unknown[]) => list,
          } as unknown as AggregateSpec,
        },
      },
      'append',
      { delayMs: 100 },
    );
    const sessions = drive('append', plan);
    sessions.push([row(100), row(120), row(140)]);
    const { dead, delta } = sessions.push([row(110, 'bad'), row(101, 'bad'), row(400, 'bad')]);
    expect(dead).toHaveLength(3);
    expect(sessions.state.rowCount()).toBe(3);
    const again = sessions.pass([row(110, 'bad')]);
    expect(Buffer.from(again.delta).equals(Buffer.from(delta))).toBe(true);
    expect(shown(sessions.push([row(130), row(300)]).rows['out'])).toEqual([
      ['a', 100, 110, [100]],
      ['a', 120, 150, [120, 140, 130]],
    ]);
  });
});

test('windows behind sessions take them at their end', () => {
  const behind = planOf([
    SOURCE,
    watermark(),
    aggregate({ window: GAP }),
    aggregate({
      uid: 'behind',
      inputs: ['groups'],
      key: keyOf(),
      window: { kind: 'time', sizeMs: 100, slideMs: 100 },
      aggregates: { sessions: by('count', 'rows'), rows: by('sum', 'rows') },
    }),
    sink('behind', 'append'),
  ]);
  const windows = drive('append', behind);
  windows.push([row(85), row(89), row(90, 0, 'b'), row(91, 0, 'c')]);
  expect(windows.push([row(250)]).rows['out']).toMatchObject([
    { windowStart: '1970-01-01T00:00:00.000Z', sessions: 2, rows: 3 },
    { windowStart: '1970-01-01T00:00:00.100Z', sessions: 1, rows: 1 },
  ]);
});

const keyGroup = (key: unknown) => keyGroupOf(hashOfKey(String(key)));
