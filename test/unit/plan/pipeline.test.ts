import { describe, expect, test } from 'vitest';
import delays from '../../../functions/pipelines/delays.ts';
import {
  avg,
  count,
  decimal,
  dynamodb,
  EngineError,
  kinesis,
  noop,
  pipeline,
  s3,
  sliding,
  sum,
  tumbling,
} from '../../../lib/index.ts';
import reduced from '../../support/pipelines/reduced.ts';
import runningTotals from '../../support/pipelines/running-totals.ts';

interface Flight {
  readonly departedAt: number;
  readonly origin: string;
  readonly delay: number;
  readonly amount: string;
}

const flights = pipeline('flights').from(kinesis<Flight>('flights').partitionedBy('origin'));
const hourly = flights
  .withWatermark('departedAt', '10 minutes')
  .keyBy('origin')
  .window(tumbling('1 hour'));
const uidsOf = (stream: { plan(): { nodes: readonly { uid: string }[] } }) =>
  stream.plan().nodes.map(({ uid }) => uid);

describe('pipeline', () => {
  test('the example is this plan', () => {
    const { name, nodes } = delays.plan();
    expect(name).toBe('delays');
    expect(nodes).toEqual([
      {
        kind: 'kinesis-source',
        uid: 'kinesis-departures',
        inputs: [],
        name: 'departures',
        schema: expect.objectContaining({ type: 'object' }),
        partitionedBy: ['origin'],
      },
      {
        kind: 'watermark',
        uid: 'watermark-1',
        inputs: ['kinesis-departures'],
        time: { kind: 'field', field: 'departedAt' },
        unit: 'milliseconds',
        delayMs: 600_000,
        maxAheadMs: 86_400_000,
        idleTimeoutMs: null,
        startMs: 0,
      },
      {
        kind: 'aggregate',
        uid: 'aggregate-1',
        inputs: ['watermark-1'],
        key: { fields: ['origin'], selectors: [{ kind: 'field', field: 'origin' }] },
        allowedLatenessMs: 0,
        window: { kind: 'time', sizeMs: 3_600_000, slideMs: 3_600_000 },
        aggregates: {
          flights: { kind: 'count', input: null, decimalScale: null },
          meanDelay: { kind: 'avg', input: { kind: 'field', field: 'delay' }, decimalScale: null },
          worstDelay: { kind: 'max', input: { kind: 'field', field: 'delay' }, decimalScale: null },
        },
        lateSink: 's3-late',
      },
      {
        kind: 's3-sink',
        uid: 's3-late',
        inputs: [],
        mode: 'append',
        name: 'late',
        partitionBy: 'day',
      },
      {
        kind: 'dynamodb-sink',
        uid: 'dynamodb-delays',
        inputs: ['aggregate-1'],
        mode: 'update',
        name: 'delays',
        keyFields: ['origin'],
        windowed: true,
      },
      {
        kind: 's3-sink',
        uid: 's3-delays',
        inputs: ['aggregate-1'],
        mode: 'append',
        name: 'delays',
        partitionBy: 'day',
      },
    ]);
  });

  test('steps are values: two continuations of one stream do not meet', () => {
    const counted = hourly.aggregate({ n: count() });
    const one = counted.to(s3('one'), { mode: 'append' });
    const two = counted.to(s3('two'), { mode: 'append' });
    expect(uidsOf(one).at(-1)).toBe('s3-one');
    expect(uidsOf(two)).not.toContain('s3-one');
    expect(() => counted.plan()).toThrow('the results go nowhere');
  });

  test('the stream goes on unchanged behind a sink', () => {
    const { nodes } = flights
      .to(s3('raw'), { mode: 'append' })
      .map(({ origin }) => origin)
      .to(noop(), { mode: 'append' })
      .plan();
    expect(nodes.map(({ uid, inputs }) => [uid, ...inputs])).toEqual([
      ['kinesis-flights'],
      ['s3-raw', 'kinesis-flights'],
      ['map-1', 'kinesis-flights'],
      ['noop-1', 'map-1'],
    ]);
  });

  test('operators are numbered by kind, and a name replaces the number of its own only', () => {
    const stream = flights
      .filter(Boolean)
      .map((row) => row)
      .filter(Boolean)
      .named('late-only')
      .filter(Boolean)
      .flatMap((row) => [row])
      .to(noop(), { mode: 'append' })
      .to(noop(), { mode: 'append' });
    expect(uidsOf(stream)).toEqual([
      'kinesis-flights',
      'filter-1',
      'map-1',
      'late-only',
      'filter-3',
      'flat-map-1',
      'noop-1',
      'noop-2',
    ]);
    expect(stream.plan().nodes[4]?.inputs).toEqual(['late-only']);
  });

  test('sources, aggregations, late sinks and sinks can be named', () => {
    const { nodes } = flights
      .named('arrivals')
      .withWatermark('departedAt', '10 minutes')
      .keyBy('origin')
      .window(tumbling('1 hour'))
      .aggregate({ n: count() })
      .named('by-origin')
      .onLate(s3('late'))
      .named('too-late')
      .to(s3('rows'), { mode: 'append' })
      .named('result')
      .plan();
    expect(nodes.map(({ uid, inputs }) => [uid, ...inputs])).toEqual([
      ['arrivals'],
      ['watermark-1', 'arrivals'],
      ['by-origin', 'watermark-1'],
      ['too-late'],
      ['result', 'by-origin'],
    ]);
    expect(nodes[2]).toMatchObject({ lateSink: 'too-late' });
  });

  test('sliding windows have a size and a slide', () => {
    expect(sliding('5 minutes', 'PT1M')).toEqual({
      kind: 'time',
      sizeMs: 300_000,
      slideMs: 60_000,
    });
  });

  test('a function key is the field key, and a table of it has no window', () => {
    const { nodes } = runningTotals.plan();
    expect(nodes[1]).toMatchObject({
      key: { fields: ['key'], selectors: [{ kind: 'function' }] },
      window: null,
      aggregates: { total: { kind: 'sum', decimalScale: 2 }, mean: { decimalScale: 2 } },
    });
    expect(nodes[2]).toMatchObject({ keyFields: ['key'], windowed: false });
  });

  test('a reduce by two fields names its items by both', () => {
    expect(reduced.plan().nodes).toContainEqual(
      expect.objectContaining({ kind: 'dynamodb-sink', keyFields: ['origin', 'destination'] }),
    );
  });

  test('functions and decimals are selectors', () => {
    const select = (flight: Flight) => flight.delay / 60;
    const { nodes } = hourly
      .aggregate({ hours: avg(select), total: sum(decimal('amount', { scale: 2 })) })
      .to(noop(), { mode: 'update' })
      .plan();
    expect(nodes[2]).toMatchObject({
      aggregates: {
        hours: { kind: 'avg', input: { kind: 'function', select }, decimalScale: null },
        total: { kind: 'sum', input: { kind: 'field', field: 'amount' }, decimalScale: 2 },
      },
    });
  });

  test('a wrong plan is one error with all that is wrong', () => {
    const wrong = pipeline('my_flights')
      .from(kinesis<Flight>('flights'))
      .keyBy('origin')
      .aggregate({ n: count() })
      .to(dynamodb('counts'), { mode: 'update' })
      .to(dynamodb('counts'), { mode: 'update' });
    const problem = catchError(() => wrong.plan());
    expect(problem).toMatchObject({ kind: 'invalid', code: 'plan-invalid' });
    expect(problem.message).toMatchInlineSnapshot(`
      "pipeline 'my_flights' cannot run:
        - the pipeline name 'my_flights' does not fit AWS names: use 1 to 40 letters, digits and dashes, no dash at either end (pipeline-name-invalid)
        - two sinks are called 'dynamodb-counts': give one of them another name (uid-taken)
        - 'aggregate-1' groups by 'origin', but nothing says that one shard of 'flights' holds all of a key: if producers use it as the partition key, declare kinesis('flights').partitionedBy('origin'), else give the pipeline the option { inOneTask: true } (source-not-partitioned)"
    `);
    expect(() => wrong.explain()).toThrow(problem.message);
  });

  test('a second late sink is refused rather than replacing the first', () => {
    const twice = hourly
      .aggregate({ n: count() })
      .onLate(s3('late'))
      .onLate(s3('later'))
      .to(s3('rows'), { mode: 'append' });
    expect(() => twice.plan()).toThrow("no rows can reach 's3-later'");
  });

  test('an aggregate called __proto__ is seen and refused', () => {
    // @ts-expect-error a name that tables keep for themselves
    const named = hourly.aggregate({ ['__proto__']: count() }).to(noop(), { mode: 'update' });
    expect(() => named.plan()).toThrow('field-name-reserved');
  });
});

function catchError(run: () => unknown): EngineError {
  try {
    run();
  } catch (error) {
    if (error instanceof EngineError) return error;
  }
  throw new Error('no EngineError was thrown');
}
