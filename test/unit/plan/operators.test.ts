import { describe, expect, test } from 'vitest';
import {
  count,
  counting,
  dynamodb,
  dynamodbTable,
  instants,
  kinesis,
  list,
  map,
  pipeline,
  rowsOf,
  s3Table,
  session,
  staticRows,
  tumbling,
  value,
} from '../../../lib/index.ts';
import type { PlanNode } from '../../../lib/plan/plan.ts';

interface Flight {
  readonly at: number;
  readonly landedAt: number;
  readonly plane: string;
  readonly tail: string;
}

const start = pipeline('flights', { inOneTask: true });
const flights = start.from(kinesis<Flight>('flights'));
const arrivals = start.from(kinesis<Flight>('arrivals')).withWatermark('at', '3 minutes');
const timed = flights.withWatermark('at', '2 minutes');
const field = (name: string) => ({ kind: 'field', field: name });
const key = (...fields: string[]) => ({ fields, selectors: fields.map(field) });
const none = { fields: [], selectors: [] };

/** The node written last, without its place. */
function written(stream: object): Omit<PlanNode, 'inputs'> {
  const { to } = stream as { to(sink: object, options: object): { plan(): { nodes: PlanNode[] } } };
  const sunk = to.call(stream, { kind: 'noop-sink' }, { mode: modeFor(stream) });
  const { inputs: _, ...node } = sunk.plan().nodes.at(-2)!;
  return node;
}
const modeFor = (stream: object) =>
  (stream as { head: { body: { kind: string; flat?: boolean } } }).head.body.flat === false
    ? 'update'
    : 'append';

describe('times', () => {
  test('a watermark with all of its options', () => {
    expect(
      written(
        flights.withWatermark('at', '1 minute', {
          unit: 'seconds',
          maxAhead: '1 hour',
          idleTimeout: '5 minutes',
          beforeEpoch: true,
        }),
      ),
    ).toEqual({
      kind: 'watermark',
      uid: 'watermark-1',
      time: field('at'),
      unit: 'seconds',
      delayMs: 60_000,
      maxAheadMs: 3_600_000,
      idleTimeoutMs: 300_000,
      startMs: null,
    });
  });

  test('the clock, and another time of the row', () => {
    expect(written(flights.withProcessingTime())).toEqual({
      kind: 'processing-time',
      uid: 'processing-time-1',
    });
    expect(written(timed.eventTime('landedAt', { unit: 'nanoseconds' }))).toEqual({
      kind: 'event-time',
      uid: 'event-time-1',
      time: field('landedAt'),
      unit: 'nanoseconds',
    });
  });
});

describe('rows that stay', () => {
  test('the first ones, and those of a share of the keys', () => {
    expect(written(flights.limit(3))).toEqual({ kind: 'limit', uid: 'limit-1', count: 3 });
    expect(written(flights.sample(0.5, 'plane', 'tail'))).toEqual({
      kind: 'sample',
      uid: 'sample-1',
      rate: 0.5,
      key: key('plane', 'tail'),
    });
  });

  const plane = (flight: Flight) => flight.plane;
  test.each([
    ['without a watermark', flights.dropDuplicates('plane', 'at'), 'never'],
    ['by other fields', timed.dropDuplicates('plane', 'landedAt'), 'never'],
    ['by a function', timed.dropDuplicates(plane), 'never'],
    ['by the event time', timed.dropDuplicates('plane', 'at'), 'time'],
    ['by another event time', timed.eventTime('landedAt').dropDuplicates('landedAt'), 'time'],
    ['by the former event time', timed.eventTime('landedAt').dropDuplicates('at'), 'never'],
    ['by an event time of one branch', timed.union(arrivals).dropDuplicates('at'), 'time'],
    ['by no time of the other', timed.union(flights).dropDuplicates('at'), 'never'],
    [
      'by the window of an aggregation',
      timed
        .keyBy('plane')
        .window(tumbling('1 hour'))
        .aggregate({ n: count() })
        .dropDuplicates('windowEnd'),
      'time',
    ],
    ['within a watermark', timed.dropDuplicatesWithinWatermark('plane'), 120_000],
    [
      'within the greater of two watermarks',
      timed.union(arrivals).dropDuplicatesWithinWatermark('plane'),
      180_000,
    ],
    [
      'within the watermark that replaced another',
      timed.withWatermark('landedAt', '1 minute').dropDuplicatesWithinWatermark('plane'),
      60_000,
    ],
    ['within the clock', timed.withProcessingTime().dropDuplicatesWithinWatermark('plane'), 0],
  ])('the first of each key, %s', (_what, stream, forget) => {
    expect(written(stream)).toMatchObject({ kind: 'deduplicate', forget, lateSink: null });
  });
});

describe('joins', () => {
  test('say their defaults', () => {
    expect(written(timed.join(arrivals, { on: 'plane' }))).toEqual({
      kind: 'join',
      uid: 'join-1',
      type: 'inner',
      leftKey: key('plane'),
      rightKey: key('plane'),
      nullSafe: false,
      within: null,
      window: null,
      where: null,
      leftWhere: null,
      rightWhere: null,
      lateSink: null,
    });
  });

  test('and everything else', () => {
    const all = {
      type: 'full',
      on: [
        ['plane', 'tail'],
        ['tail', 'plane'],
      ],
      nullSafe: true,
      within: { from: '-40 seconds', to: '1 minute', toInclusive: false },
      window: tumbling('1 hour'),
      where: () => true,
      leftWhere: () => true,
      rightWhere: () => true,
    } as const;
    const { on: _, ...rest } = all;
    expect(written(timed.join(arrivals, all))).toMatchObject({
      ...rest,
      leftKey: key('plane', 'tail'),
      rightKey: key('tail', 'plane'),
      within: { lowerMs: -40_000, lowerInclusive: true, upperMs: 60_000, upperInclusive: false },
    });
  });

  test('take keys in every form', () => {
    const left = (flight: Flight) => flight.plane;
    const right = (flight: Flight) => flight.tail;
    expect(written(timed.join(arrivals, { on: ['plane', 'tail'] }))).toMatchObject({
      leftKey: key('plane', 'tail'),
      rightKey: key('plane', 'tail'),
    });
    expect(written(timed.join(arrivals, { on: { left, right } }))).toMatchObject({
      leftKey: { fields: ['key'], selectors: [{ kind: 'function', select: left }] },
      rightKey: { fields: ['key'], selectors: [{ kind: 'function', select: right }] },
    });
    expect(
      written(timed.join(arrivals, { on: 'plane', within: { fromInclusive: false } })),
    ).toMatchObject({ within: { lowerMs: null, lowerInclusive: false, upperMs: null } });
  });

  test('with tables', () => {
    const rows = [{ code: 'a' }];
    expect(
      written(flights.joinStatic(staticRows('planes', rows), { on: [['plane', 'code']] })),
    ).toEqual({
      kind: 'static-join',
      uid: 'static-join-1',
      type: 'inner',
      key: key('plane'),
      table: { kind: 'rows', name: 'planes', rows },
      tableFields: ['code'],
      refreshMs: 300_000,
    });
    const options = { on: 'plane', type: 'left', refresh: '1 hour' } as const;
    const s3Planes = s3Table<{ plane: string }>('planes');
    expect(written(flights.joinStatic(s3Planes, options))).toMatchObject({
      type: 'left',
      table: { kind: 's3', name: 'planes' },
      refreshMs: 3_600_000,
    });
    const planes = dynamodbTable<{ plane: string }>('planes');
    expect(written(flights.joinStatic(planes, options))).toMatchObject({
      table: { kind: 'dynamodb', name: 'planes' },
    });
  });
});

describe('groups', () => {
  test.each([
    ['sessions', session('5 minutes'), { kind: 'session', gap: 300_000 }],
    ['counts', counting(10), { kind: 'count', size: 10, slide: 10 }],
    ['sliding counts', counting(10, 3), { kind: 'count', size: 10, slide: 3 }],
    ['instants', instants(), { kind: 'time', sizeMs: 0, slideMs: 1 }],
  ])('windows: %s', (_what, window, spec) => {
    const grouped = timed.keyBy('plane').window(window, { allowedLateness: '1 minute' });
    expect(written(grouped.aggregate({ n: count() }))).toMatchObject({
      window: spec,
      allowedLatenessMs: 60_000,
    });
    expect(written(grouped.reduce((left) => left))).toMatchObject({
      window: spec,
      allowedLatenessMs: 60_000,
    });
  });

  test('of all rows', () => {
    const all = timed.groupAll().window(tumbling('1 hour')).aggregate({ n: count() });
    expect(written(all)).toMatchObject({ key: none, allowedLatenessMs: 0 });
  });

  test('with state of the author', () => {
    const apply = () => [];
    const keyed = flights.keyBy('plane');
    expect(written(keyed.mapGroupsWithState(apply))).toEqual({
      kind: 'map-groups',
      uid: 'map-groups-1',
      key: key('plane'),
      apply,
      flat: false,
      timeout: 'none',
      dropLate: false,
    });
    const timeout = { timeout: 'event-time' } as const;
    const flat = timed.keyBy('plane').flatMapGroupsWithState(apply, timeout);
    expect(written(flat)).toMatchObject({ flat: true, ...timeout, dropLate: true });
    expect(written(keyed.mapWithState(apply, { timeout: '1 minute' }))).toEqual({
      kind: 'map-with-state',
      uid: 'map-with-state-1',
      key: key('plane'),
      apply,
      timeoutMs: 60_000,
    });
    const both = flights.keyBy('plane', 'tail');
    const initial = [[{ tail: 't', plane: 'p' }, 3]] as const;
    const update = () => 1;
    expect(written(both.updateStateByKey(update, { initial }))).toEqual({
      kind: 'update-state',
      uid: 'update-state-1',
      key: key('plane', 'tail'),
      update,
      initial: [[['p', 't'], 3]],
    });
    expect(written(keyed.updateStateByKey(update, { initial: [['p', 3]] }))).toMatchObject({
      initial: [[['p'], 3]],
    });
  });

  test('of a process', () => {
    const onRow = () => {};
    const onTimer = () => {};
    const state = { n: value<number>({ ttl: '1 minute' }), items: list(), seen: map() };
    const emits = rowsOf<number>();
    const keyed = timed.keyBy('plane');
    expect(written(keyed.process({ state, timers: 'event-time', emits, onRow, onTimer }))).toEqual({
      kind: 'process',
      uid: 'process-1',
      key: key('plane'),
      state: {
        n: { kind: 'value', ttlMs: 60_000 },
        items: { kind: 'list', ttlMs: null },
        seen: { kind: 'map', ttlMs: null },
      },
      timers: 'event-time',
      onRow,
      onTimer,
      lateSink: null,
    });
    expect(written(keyed.process({ onRow }))).toMatchObject({
      state: {},
      timers: 'none',
      onTimer: null,
    });
  });

  test('that name the items of a table', () => {
    const sinkOf = (stream: { plan(): { nodes: readonly PlanNode[] } }) =>
      stream.plan().nodes.at(-1);
    const totals = flights.keyBy('plane').updateStateByKey((rows) => rows.length);
    expect(sinkOf(totals.to(dynamodb('totals'), { mode: 'update' }))).toMatchObject({
      keyFields: ['plane'],
      windowed: false,
    });
    const windows = timed.keyBy('plane').window(tumbling('1 hour')).aggregate({ n: count() });
    const days = windows.keyBy('n').window(tumbling('1 day')).aggregate({ planes: count() });
    expect(sinkOf(days.to(dynamodb('days'), { mode: 'append' }))).toMatchObject({
      keyFields: ['n'],
      windowed: true,
    });
    const counts = flights.keyBy('plane').window(counting(3)).aggregate({ n: count() });
    expect(sinkOf(counts.to(dynamodb('counts'), { mode: 'append' }))).toMatchObject({
      keyFields: ['plane'],
      windowed: false,
    });
  });
});
