import { describe, expect, test } from 'vitest';
import { count, kinesis, noop, pipeline, s3, tumbling } from '../../../lib/index.ts';

interface Flight {
  readonly at: number;
  readonly plane: string;
}

const start = pipeline('flights', { inOneTask: true });
const departures = start.from(kinesis<Flight>('departures'));
const arrivals = start.from(kinesis<Flight>('arrivals'));
const placesOf = (stream: {
  plan(): { nodes: readonly { uid: string; inputs: readonly string[] }[] };
}) => stream.plan().nodes.map(({ uid, inputs }) => [uid, ...inputs]);

describe('streams that meet', () => {
  test('stand in the order of writing, the left one first', () => {
    const late = arrivals.filter((flight) => flight.at > 0);
    const united = departures
      .map((flight) => flight)
      .union(late)
      .to(noop(), { mode: 'append' });
    expect(placesOf(united)).toEqual([
      ['kinesis-departures'],
      ['map-1', 'kinesis-departures'],
      ['kinesis-arrivals'],
      ['filter-1', 'kinesis-arrivals'],
      ['union-1', 'map-1', 'filter-1'],
      ['noop-1', 'union-1'],
    ]);
  });

  test('share what is in front of both, once', () => {
    const timed = departures.withWatermark('at', '1 minute');
    const self = timed
      .filter((flight) => flight.plane !== '')
      .join(
        timed.map((flight) => flight),
        { on: 'plane' },
      )
      .to(s3('pairs'), { mode: 'append' });
    expect(placesOf(self)).toEqual([
      ['kinesis-departures'],
      ['watermark-1', 'kinesis-departures'],
      ['filter-1', 'watermark-1'],
      ['map-1', 'watermark-1'],
      ['join-1', 'filter-1', 'map-1'],
      ['s3-pairs', 'join-1'],
    ]);
  });

  test('bring their sinks, and names that either gave', () => {
    const shared = departures.map((flight) => flight);
    const named = shared.named('checked').to(s3('raw'), { mode: 'append' });
    const united = shared.filter(Boolean).union(named).named('both').to(noop(), { mode: 'append' });
    expect(placesOf(united)).toEqual([
      ['kinesis-departures'],
      ['checked', 'kinesis-departures'],
      ['filter-1', 'checked'],
      ['s3-raw', 'checked'],
      ['both', 'filter-1', 'checked'],
      ['noop-1', 'both'],
    ]);
  });

  test('keep the name that the left one gave', () => {
    const shared = departures.map((flight) => flight);
    const united = shared.named('checked').filter(Boolean).union(shared);
    expect(placesOf(united.to(noop(), { mode: 'append' }))[1]).toEqual([
      'checked',
      'kinesis-departures',
    ]);
  });

  test('keep the late sink that one of them gave to an operator of both', () => {
    const counted = departures
      .withWatermark('at', '1 minute')
      .keyBy('plane')
      .window(tumbling('1 hour'))
      .aggregate({ n: count() });
    const { nodes } = counted
      .filter((row) => row.n > 1)
      .union(counted.onLate(s3('late')))
      .to(s3('rows'), { mode: 'append' })
      .plan();
    expect(nodes.filter(({ kind }) => kind === 'aggregate')).toEqual([
      expect.objectContaining({ lateSink: 's3-late' }),
    ]);
  });

  test('of different pipelines are refused', () => {
    const elsewhere = pipeline('flights').from(kinesis<Flight>('arrivals'));
    expect(() => departures.union(elsewhere)).toThrow(
      "streams of the pipelines 'flights' and 'flights' cannot meet",
    );
    expect(() => departures.join(elsewhere, { on: 'plane' })).toThrow('cannot meet');
  });

  test('cannot call one operator by two names', () => {
    const shared = departures.map((flight) => flight);
    expect(() => shared.named('one').union(shared.named('two'))).toThrow(
      "one operator is called 'one' and 'two'",
    );
  });

  test('from one source are of one source', () => {
    const source = kinesis<Flight>('departures');
    const self = start.from(source).union(start.from(source)).to(noop(), { mode: 'append' });
    expect(placesOf(self)).toEqual([
      ['kinesis-departures'],
      ['union-1', 'kinesis-departures', 'kinesis-departures'],
      ['noop-1', 'union-1'],
    ]);
    const twice = departures.union(start.from(kinesis<Flight>('departures')).named('again'));
    expect(() => twice.to(noop(), { mode: 'append' }).plan()).toThrow('source-twice');
  });
});

test('what holds for the whole pipeline is in its plan', () => {
  const options = { inOneTask: true, watermarkPolicy: 'max', noDataBatches: false } as const;
  const events = pipeline('p', options).from(kinesis('events'));
  expect(events.to(noop(), { mode: 'append' }).plan()).toMatchObject(options);
  const plain = pipeline('p').from(kinesis('events')).to(noop(), { mode: 'append' }).plan();
  expect(plain).toMatchObject({
    inOneTask: false,
    watermarkPolicy: 'min',
    noDataBatches: true,
  });
});
