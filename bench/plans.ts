// The measured pipelines, written as a user would. They end in a sink that keeps nothing, like the
// engines they are compared with, but make every row.

import {
  approxPercentile,
  avg,
  count,
  kinesis,
  max,
  median,
  min,
  noop,
  pipeline,
  session,
  sliding,
  sum,
  tumbling,
} from '../lib/index.ts';
import type { Plan } from '../lib/plan/plan.ts';
import type { BenchEvent } from './events.ts';

const five = {
  events: count(),
  total: sum<'amount'>('amount'),
  mean: avg<'amount'>('amount'),
  least: min<'amount'>('amount'),
  most: max<'amount'>('amount'),
};

const timed = (field: 'userId' | 'country') =>
  pipeline('bench')
    .from(kinesis<BenchEvent>('events').partitionedBy(field))
    .withWatermark('ts', '5 seconds');

const by = (field: 'userId' | 'country') => timed(field).keyBy(field);

const users = timed('userId');

export const PLANS = {
  filterAndMap: pipeline('bench')
    .from(kinesis<BenchEvent>('events'))
    .filter((event) => event.type === 'purchase')
    .map(({ userId, amount, ts }) => ({ userId, amount, ts }))
    .to(noop(), { mode: 'append' })
    .plan(),
  tumblingByUser: by('userId')
    .window(tumbling('10 seconds'))
    .aggregate(five)
    .to(noop(), { mode: 'append' })
    .plan(),
  slidingByUser: by('userId')
    .window(sliding('10 seconds', '2 seconds'))
    .aggregate(five)
    .to(noop(), { mode: 'append' })
    .plan(),
  tumblingByCountry: by('country')
    .window(tumbling('10 seconds'))
    .aggregate(five)
    .to(noop(), { mode: 'append' })
    .plan(),
  slidingByCountry: by('country')
    .window(sliding('10 seconds', '2 seconds'))
    .aggregate(five)
    .to(noop(), { mode: 'append' })
    .plan(),
  sessionsByUser: by('userId')
    .window(session('5 seconds'))
    .aggregate(five)
    .to(noop(), { mode: 'append' })
    .plan(),
  joinByUser: users
    .filter(({ type }) => type === 'purchase')
    .join(
      users.filter(({ type }) => type === 'click'),
      { on: 'userId', within: { from: '-2 seconds', to: '2 seconds' } },
    )
    .to(noop(), { mode: 'append' })
    .plan(),
  firstOfEvent: pipeline('bench', { inOneTask: true })
    .from(kinesis<BenchEvent>('events'))
    .withWatermark('ts', '5 seconds')
    .dropDuplicatesWithinWatermark('eventId')
    .to(noop(), { mode: 'append' })
    .plan(),
  percentilesByUser: by('userId')
    .window(tumbling('10 seconds'))
    .aggregate({ amounts: approxPercentile<'amount'>('amount', [0.5, 0.95, 0.99]) })
    .to(noop(), { mode: 'append' })
    .plan(),
  percentilesByCountry: by('country')
    .window(tumbling('10 seconds'))
    .aggregate({ amounts: approxPercentile<'amount'>('amount', [0.5, 0.95, 0.99]) })
    .to(noop(), { mode: 'append' })
    .plan(),
  medianByCountry: by('country')
    .window(tumbling('10 seconds'))
    .aggregate({ typical: median<'amount'>('amount') })
    .to(noop(), { mode: 'append' })
    .plan(),
} satisfies Record<string, Plan>;

/** Sessions of two aggregates, as the other engines had them. */
export const SESSIONS: Plan = by('userId')
  .window(session('5 seconds'))
  .aggregate({ events: five.events, total: five.total })
  .to(noop(), { mode: 'append' })
  .plan();
