import {
  aggregator,
  count,
  dynamodb,
  first,
  kinesis,
  last,
  min,
  pipeline,
  s3,
  sliding,
  stddev,
  sum,
} from 'rivulet';

interface Reading {
  readonly deviceId: string;
  readonly timestamp: string;
  readonly temperature: number | null;
}

/** Readings of each device in the last five minutes, minute by minute. */
export default pipeline('readings')
  .from(kinesis<Reading>('readings').partitionedBy('deviceId'))
  .filter((reading) => reading.temperature !== null)
  .withWatermark('timestamp', '10 minutes', { unit: 'iso', maxAhead: '1 hour' })
  .keyBy('deviceId')
  .window(sliding('5 minutes', '1 minute'))
  .aggregate({
    readings: count('temperature'),
    total: sum('temperature'),
    spread: stddev('temperature'),
    coldest: min('temperature'),
    earliest: first('timestamp'),
    latest: last('timestamp'),
    range: aggregator({
      zero: () => ({ low: null as number | null, high: null as number | null }),
      add: (range, { temperature }: Reading) => ({
        low: Math.min(range.low ?? temperature!, temperature!),
        high: Math.max(range.high ?? temperature!, temperature!),
      }),
      merge: (left, right) => ({
        low: Math.min(left.low ?? right.low!, right.low ?? left.low!),
        high: Math.max(left.high ?? right.high!, right.high ?? left.high!),
      }),
      result: ({ low, high }) => high! - low!,
    }),
  })
  .named('last-five-minutes')
  .onLate(s3('late-readings', { partitionBy: 'none' }))
  .filter((row) => row.readings > 1)
  .to(dynamodb('devices'), { mode: 'update' })
  .map(({ deviceId, windowEnd, spread }) => ({ deviceId, windowEnd, spread }))
  .to(s3('spreads'), { mode: 'append' });
