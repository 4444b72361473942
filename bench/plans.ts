// The measured pipelines, written as a user would. They end in a sink that keeps nothing, like the
// engines they are compared with, but make every row.

import {
  avg,
  count,
  kinesis,
  max,
  min,
  noop,
  pipeline,
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

const by = (field: 'userId' | 'country') =>
  pipeline('bench')
    .from(kinesis<BenchEvent>('events').partitionedBy(field))
    .withWatermark('ts', '5 seconds')
    .keyBy(field);

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
} satisfies Record<string, Plan>;
