import { dynamodb, kinesis, pipeline, tumbling } from 'rivulet';
import type { Sale, UserMistake } from './user-mistake.ts';

/** The last sale of each minute. */
const lastSale = (later: (left: Sale, right: Sale) => Sale) =>
  pipeline('last-sale')
    .from(kinesis<Sale>('sales').partitionedBy('shop'))
    .withWatermark('at', '30 seconds')
    .keyBy('shop')
    .window(tumbling('1 minute'))
    .reduce(later)
    .to(dynamodb('last-sale'), { mode: 'update' });

export const orderedReduce: UserMistake = {
  mistaken: lastSale((_, right) => right),
  right: lastSale((left, right) => (right.at > left.at ? right : left)),
  cause: 'order-of-arrival',
  says: /\.reduce of 'reduce-1'/,
};
