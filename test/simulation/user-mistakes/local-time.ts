import { count, dynamodb, kinesis, pipeline } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** Sales by shop and hour of the day. */
const byHour = (hourOf: (time: Date) => number) =>
  pipeline('by-hour')
    .from(kinesis<Sale>('sales').partitionedBy('shop'))
    .map((sale) => ({ ...sale, hour: hourOf(new Date(sale.at)) }))
    .keyBy('shop', 'hour')
    .aggregate({ sales: count() })
    .to(dynamodb('by-hour'), { mode: 'update' });

export const localTime: UserMistake = {
  mistaken: byHour((time) => time.getHours()),
  right: byHour((time) => time.getUTCHours()),
  cause: 'zone',
  says: /time zone/,
};
